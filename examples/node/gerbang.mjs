// A client of the SocX dialect. Written from docs/dialects/socx.md.

export const PENDING = "68";
export const SUCCESS = "00";

export class Gerbang {
  constructor({ url, token, testing = true }) {
    this.base = `${url}/reseller/api/v1`;
    this.token = token;
    this.testing = testing;
  }

  async balance() {
    return this.#call("GET", "/saldo");
  }

  /** Buy. A known request_id always answers the stored order, so this may be repeated. */
  async buy(reference, code, msisdn) {
    const reply = await this.#call("POST", "/purchase", {
      code,
      msisdn,
      request_id: reference,
      testing: this.testing,
    });
    if (reply.code !== code || reply.msisdn !== msisdn) {
      throw new Error(`${reference} belongs to another order`);
    }
    return reply;
  }

  /** Ask what a customer owes; no money moves. */
  async inquiry(reference, code, idpel) {
    return this.#bill("/inquiry", reference, code, idpel);
  }

  /** Pay the bill that was shown, with a request_id of its own; repeating it never pays twice. */
  async pay(reference, code, idpel) {
    return this.#bill("/payment", reference, code, idpel);
  }

  #bill(path, reference, code, idpel) {
    const testing = this.testing;
    return this.#call("POST", path, { code, idpel, request_id: reference, testing });
  }

  /** Ask for a deposit ticket: exactly grand_total has to come. */
  async ticket(amount) {
    return this.#call("POST", "/deposit_ticket", { amount, testing: this.testing });
  }

  /** Ask how an order stands; never buys. */
  async status(reference) {
    return this.#call("POST", "/status", { request_id: reference, testing: this.testing });
  }

  async #call(method, path, body) {
    const headers = { authorization: `Bearer ${this.token}` };
    if (body) headers["content-type"] = "application/json";
    // An error here says nothing about the order: ask for its state, never take it for a failure.
    const answer = await fetch(this.base + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    });
    return answer.json();
  }
}
