import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { Gerbang, PENDING, SUCCESS } from "./gerbang.mjs";
import { receive } from "./receiver.mjs";

const gerbang = new Gerbang({
  url: process.env.GERBANG_URL ?? "http://127.0.0.1:8080",
  token: process.env.GERBANG_TOKEN ?? "",
});
const code = process.env.GERBANG_PRODUCT ?? "HSA5";
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

for (const ending of Object.keys(wanted)) {
  let reply = await gerbang.buy(reference(ending), code, `08123456${ending}`);
  // Pending is not a failure: ask, do not buy again.
  if (reply.rc === PENDING) reply = await gerbang.status(reference(ending));
  console.log(reference(ending), reply.rc, reply.message);
}

const missing = () =>
  Object.keys(wanted).filter(
    (ending) => (heard.get(reference(ending))?.length ?? 0) < wanted[ending].callbacks,
  );
for (let seconds = 0; missing().length && seconds < 30; seconds++) await sleep(1_000);

const wrong = missing().map((ending) => `${ending} was not heard of often enough`);
for (const [ending, { rc }] of Object.entries(wanted)) {
  const reply = await gerbang.status(reference(ending));
  console.log(reference(ending), reply.rc, reply.sn);
  if (reply.rc !== rc) wrong.push(`${ending} ended ${reply.rc}, not ${rc}`);
}
console.log(wrong.length ? wrong.join("\n") : "all as it must be");
server.close();
process.exit(wrong.length ? 1 : 0);
