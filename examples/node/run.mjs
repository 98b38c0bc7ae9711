import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { Gerbang, PENDING, SUCCESS } from "./gerbang.mjs";
import { receive } from "./receiver.mjs";

const gerbang = new Gerbang({
  url: process.env.GERBANG_URL ?? "http://127.0.0.1:8080",
  token: process.env.GERBANG_TOKEN ?? "",
});
const code = process.env.GERBANG_PRODUCT ?? "HSA5";
const billCode = process.env.GERBANG_BILL_PRODUCT ?? "MPBPJS";
const BILL_CUSTOMER = "0001234561230";
const run = randomBytes(4).toString("hex").toUpperCase(); // references are unique over runs too
const reference = (ending) => `NODE-${run}-${ending}`;

// The last four digits say what becomes of a testing order: docs/magic-numbers.md.
const wanted = {
  1230: { rc: SUCCESS, callbacks: 1 },
  1231: { rc: SUCCESS, callbacks: 1 },
  1234: { rc: "23", callbacks: 1 },
  1237: { rc: SUCCESS, callbacks: 2 }, // the serial number follows
  1238: { rc: "21", callbacks: 2 }, // first a success, then taken back
};

const heard = new Map();
const port = Number(process.env.GERBANG_CALLBACK_PORT ?? 9200);
const server = await receive(port, (request_id) => gerbang.status(request_id), heard);

const balance = await gerbang.balance();
if (balance.balance === undefined) {
  console.error(`cannot log in: ${balance.rc} ${balance.message}`);
  process.exit(1);
}

async function order(ending) {
  let reply = await gerbang.buy(reference(ending), code, `08123456${ending}`);
  // Pending is not a failure: ask, do not buy again.
  if (reply.rc === PENDING) reply = await gerbang.status(reference(ending));
  console.log(reference(ending), reply.rc, reply.message);
}

async function payBill() {
  const shown = await gerbang.inquiry(reference("BILLQ"), billCode, BILL_CUSTOMER);
  console.log(reference("BILLQ"), shown.rc, shown.client_name, shown.total);
  const paid = await gerbang.pay(reference("BILL"), billCode, BILL_CUSTOMER);
  console.log(reference("BILL"), paid.rc, paid.nomor_referensi);
  return paid.total === shown.total ? [] : [`the bill was ${shown.total}, paid ${paid.total}`];
}

const ticket = await gerbang.ticket(500_000);
console.log("ticket", ticket.grand_total);
const [wrongBills] = await Promise.all([payBill(), ...Object.keys(wanted).map(order)]);

const missing = () =>
  Object.keys(wanted).filter(
    (ending) => (heard.get(reference(ending))?.length ?? 0) < wanted[ending].callbacks,
  );
for (const until = Date.now() + 30_000; missing().length && Date.now() < until; ) await sleep(200);

const wrong = [
  ...wrongBills,
  ...missing().map((ending) => `${ending} was not heard of often enough`),
];
if ((await gerbang.status(reference("BILL"))).rc !== SUCCESS) wrong.push("the bill was not paid");
if (!(ticket.grand_total > 500_000)) wrong.push(`no ticket: ${JSON.stringify(ticket)}`);
for (const [ending, { rc }] of Object.entries(wanted)) {
  const reply = await gerbang.status(reference(ending));
  console.log(reference(ending), reply.rc, reply.sn);
  if (reply.rc !== rc) wrong.push(`${ending} ended ${reply.rc}, not ${rc}`);
}
console.log(wrong.length ? wrong.join("\n") : "all as it must be");
server.close();
process.exit(wrong.length ? 1 : 0);
