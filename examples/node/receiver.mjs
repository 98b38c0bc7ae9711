import { createServer } from "node:http";

/**
 * Receive callbacks. They are not signed, so a callback is only a reason to ask: `ask` gives the
 * truth, and what it says is kept before the callback is acknowledged.
 */
export function receive(port, ask, heard) {
  const server = createServer(async (request, response) => {
    try {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const told = JSON.parse(Buffer.concat(chunks).toString());
      const known = await ask(told.request_id);
      const events = heard.get(told.request_id) ?? [];
      heard.set(told.request_id, [...events, { told: told.rc, asked: known.rc, sn: known.sn }]);
      response.writeHead(200).end("ok");
    } catch (error) {
      response.writeHead(500).end(String(error)); // it will come again
    }
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}
