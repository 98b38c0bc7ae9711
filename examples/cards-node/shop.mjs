// A shop that takes cards through Gerbang, with nothing but Node's standard library (18 or newer).
//
//     node shop.mjs --gateway http://127.0.0.1:8080 --mids var/demo.json --port 9001
//
// The same shop as ../cards-python: it registers an order, sends the buyer to pay, and believes
// nothing but an inquiry.
import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({
  options: {
    gateway: { type: "string", default: "http://127.0.0.1:8080" },
    mids: { type: "string", default: "var/demo.json" },
    port: { type: "string", default: "9001" },
  },
});
const gateway = options.gateway.replace(/\/$/, "");
const mids = JSON.parse(readFileSync(options.mids)).nicepay.mids;
const orders = new Map();
const run = Date.now().toString(36);
let shop = "";

// --- the protocol ---------------------------------------------------------------------------------

const stamp = () => new Date(Date.now() + 7 * 3600e3).toISOString().replace(/\D/g, "").slice(0, 14);
const token = (mid, ...parts) =>
  createHash("sha256").update(parts.join("") + mids[mid].merchantKey).digest("hex");
const call = async (path, fields) => {
  const answer = await fetch(`${gateway}/nicepay/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(fields),
    signal: AbortSignal.timeout(30_000),
  });
  return answer.json();
};
const signed = (order) => {
  const timeStamp = stamp();
  const { iMid } = mids[order.mid];
  const merchantToken = token(order.mid, timeStamp, iMid, order.reference, order.amount);
  return { timeStamp, iMid, referenceNo: order.reference, amt: String(order.amount), merchantToken };
};
const register = (order, hosted) => call(`${hosted ? "redirect" : "direct"}/v2/registration`, {
  ...signed(order),
  payMethod: "01", currency: "IDR", goodsNm: order.goods, description: order.goods,
  billingNm: "Budi Santoso", billingPhone: "081200000000", billingEmail: "budi@example.com",
  billingAddr: "Jl. Contoh 1", billingCity: "Jakarta", billingState: "DKI Jakarta",
  billingPostCd: "10210", billingCountry: "Indonesia", userIP: "127.0.0.1",
  dbProcessUrl: `${shop}/notify`, callBackUrl: `${shop}/callback`,
  instmntType: "1", instmntMon: String(order.months), recurrOpt: order.recurr, sellers: "[]",
  cartData: JSON.stringify({
    count: "1",
    item: [{ goods_name: order.goods, goods_amt: String(order.amount), goods_quantity: "1" }],
  }),
});
const paymentFields = (order) => {
  const { timeStamp, merchantToken } = signed(order);
  return {
    timeStamp, merchantToken, tXid: order.txid, referenceNo: order.reference,
    callBackUrl: `${shop}/callback`,
  };
};
const inquire = (order) => call("direct/v2/inquiry", { ...signed(order), tXid: order.txid });
const cancel = (order, amount, full) => {
  const timeStamp = stamp();
  const { iMid } = mids[order.mid];
  return call("direct/v2/cancel", {
    timeStamp, iMid, tXid: order.txid, payMethod: "01", cancelType: full ? "1" : "2",
    amt: String(amount), cancelMsg: "asked by the buyer",
    merchantToken: token(order.mid, timeStamp, iMid, order.txid, amount),
  });
};
const isOurs = (mid, fields) => {
  const expected = Buffer.from(token(mid, mids[mid].iMid, fields.tXid ?? "", fields.amt ?? ""));
  const given = Buffer.from((fields.merchantToken ?? "").toLowerCase());
  return expected.length === given.length && timingSafeEqual(expected, given);
};

// --- the shop: an order is delivered once, when an inquiry says that it is paid --------------------

const note = (order, step, said) =>
  order.log.push({ step, code: said.resultCd, words: said.resultMsg });
const newOrder = async (mid, amount, hosted, months = 1, recurr = "2") => {
  const reference = `JS-${run}-${orders.size + 1}`;
  const order = {
    reference, mid, amount, goods: "Sepatu lari", months, recurr, state: "new", delivered: 0, log: [],
  };
  orders.set(reference, order);
  const said = await register(order, hosted);
  note(order, "registration", said);
  if (said.resultCd === "0000") {
    order.txid = said.tXid;
    order.page = hosted ? `${said.paymentURL}?tXid=${said.tXid}` : "";
  }
  return order;
};
const confirm = async (order, step) => {
  const said = await inquire(order);
  note(order, step, said);
  if (said.resultCd === "0000") {
    order.state = said.resultMsg.toLowerCase();
    order.status = said.status;
    for (const name of ["recurringToken", "preauthToken", "cardNo", "cancelAmt"]) {
      if (said[name]) order[name] = said[name];
    }
  }
  if (order.state === "paid" && !order.delivered) order.delivered += 1;
  return said;
};
const orderOf = (fields) => [...orders.values()].find((one) => one.txid && one.txid === fields.tXid);
const hiddenInputs = (page) => Object.fromEntries(
  [...page.matchAll(/<input\b[^>]*>/g)]
    .map(([tag]) => Object.fromEntries([...tag.matchAll(/([\w-]+)="([^"]*)"/g)].map((m) => [m[1], m[2]])))
    .filter((one) => one.type === "hidden")
    .map((one) => [one.name, one.value]),
);
const payByToken = async (order, name, value) => {
  const answer = await fetch(`${gateway}/nicepay/direct/v2/payment`, {
    method: "POST",
    body: new URLSearchParams({ ...paymentFields(order), [name]: value }),
    signal: AbortSignal.timeout(30_000),
  });
  note(order, "payment", hiddenInputs(await answer.text()));
  await confirm(order, "inquiry after payment");
};

// --- pages ------------------------------------------------------------------------------------------

const escape = (text) => String(text ?? "").replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const HEAD = '<!doctype html><html lang="id"><meta charset="utf-8"><title>Toko</title>'
  + '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">';
const home = () => `${HEAD}<h1>Toko</h1><form method="post" action="/buy">
<label>MID <select name="mid">${Object.keys(mids).map((m) => `<option>${escape(m)}</option>`).join("")}</select></label>
<label>Rp <input name="amount" value="150000"></label>
<label>instmntMon <input name="months" value="1"></label>
<label>recurrOpt <input name="recurr" value="2"></label>
<button name="way" value="hosted">Bayar di halaman gateway</button>
<button name="way" value="direct">Bayar di sini</button></form>
<ul>${[...orders.values()].map((o) => `<li><a href="/orders/${o.reference}">${o.reference}</a> ${escape(o.state)}</li>`).join("")}</ul>`;
// Our own card form posts straight to the gateway, so no card touches this server.
const cardForm = (order) => `${HEAD}<h1>Rp${order.amount}</h1>
<form method="post" action="${gateway}/nicepay/direct/v2/payment">
${Object.entries(paymentFields(order)).map(([n, v]) => `<input type="hidden" name="${n}" value="${escape(v)}">`).join("")}
<label>cardNo <input name="cardNo" autocomplete="cc-number"></label>
<label>cardExpYymm <input name="cardExpYymm"></label>
<label>cardCvv <input name="cardCvv" autocomplete="cc-csc"></label>
<label>cardHolderNm <input name="cardHolderNm" autocomplete="cc-name"></label>
<button>Bayar</button></form>`;
const orderPage = (order) => `${HEAD}<h1 id="state">${escape(order.state)}</h1>
<p>${order.reference} · Rp${order.amount} · ${escape(order.cardNo)}</p>
<ol>${order.log.map((o) => `<li>${escape(o.step)}: ${escape(o.code)} ${escape(o.words)}</li>`).join("")}</ol>
<p><a href="/">Toko</a></p>`;

const actions = {
  cancel: async (order, amount) => {
    note(order, "cancel", await cancel(order, amount ?? order.amount, amount === undefined));
    await confirm(order, "inquiry after cancel");
    return order;
  },
  capture: async (hold, amount) => {
    const order = await newOrder(hold.mid, amount ?? hold.amount, false);
    await payByToken(order, "preauthToken", hold.preauthToken);
    return order;
  },
  again: async (first) => {
    const order = await newOrder(first.mid, first.amount, false);
    await payByToken(order, "recurringToken", first.recurringToken);
    return order;
  },
  inquire: async (order) => {
    await confirm(order, "inquiry");
    return order;
  },
};

const HTML = "text/html; charset=utf-8";
const get = (path) => {
  if (path === "/") return [200, home(), HTML];
  if (path === "/orders.json") return [200, JSON.stringify([...orders.values()]), "application/json"];
  const order = orders.get(path.replace("/orders/", ""));
  return order ? [200, orderPage(order), HTML] : [404, "not found", "text/plain"];
};
const post = async (path, fields) => {
  if (path === "/buy") {
    const order = await newOrder(
      fields.mid, Number(fields.amount), fields.way === "hosted", Number(fields.months ?? 1),
      fields.recurr ?? "2",
    );
    if (!order.txid) return [200, orderPage(order), HTML];
    return order.page ? [303, "", HTML, order.page] : [200, cardForm(order), HTML];
  }
  if (path === "/callback") {
    const order = orderOf(fields);
    if (!order) return [400, "unknown order", "text/plain"];
    note(order, "callback", fields);
    await confirm(order, "inquiry after callback");
    return [200, orderPage(order), HTML];
  }
  if (path === "/notify") {
    const order = orderOf(fields);
    if (!order || !isOurs(order.mid, fields)) return [403, "ERROR: token", "text/plain"];
    note(order, "notification", { resultCd: "-", resultMsg: `status ${fields.status}` });
    await confirm(order, "inquiry after notification");
    return [200, "OK", "text/plain"];
  }
  const [, , reference, action] = path.split("/");
  const order = orders.get(reference);
  if (!order || !actions[action]) return [404, "not found", "text/plain"];
  const amount = fields.amount ? Number(fields.amount) : undefined;
  return [200, JSON.stringify(await actions[action](order, amount)), "application/json"];
};

const server = createServer(async (request, response) => {
  const path = new URL(request.url, "http://shop").pathname;
  let answer;
  try {
    if (request.method === "POST") {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      answer = await post(path, Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())));
    } else answer = get(path);
  } catch {
    answer = [500, "ERROR", "text/plain"];
  }
  const [status, body, type, location] = answer;
  response.writeHead(status, { "Content-Type": type, ...(location && { Location: location }) });
  response.end(body);
});
server.listen(Number(options.port), "127.0.0.1", () => {
  shop = `http://127.0.0.1:${server.address().port}`;
  console.log(`shop: ${shop}/`);
});
