/**
 * A request as it went over the network, past the browser's cache.
 * @typedef {object} Exchange
 * @property {string} path
 * @property {Record<string, string>} asked the request's fields, in lower case
 * @property {number} status
 * @property {Record<string, string>} fields the response's, in lower case
 * @property {string} protocol
 */

/**
 * The network as one tab uses it. What the page sees can differ: where the wire has a 304, the browser's cache makes a 200 of it.
 */
export class Wire {
  /** @type {Map<string, Partial<Exchange>>} */
  #exchanges = new Map();

  /**
   * @param {import('playwright-core').Page} page
   */
  static async tap(page) {
    const wire = new Wire();
    const session = await page.context().newCDPSession(page);
    session.on('Network.requestWillBeSent', (e) => wire.#add(e.requestId, { path: new URL(e.request.url).pathname }));
    session.on('Network.requestWillBeSentExtraInfo', (e) => wire.#add(e.requestId, { asked: lowerCase(e.headers) }));
    session.on('Network.responseReceivedExtraInfo', (e) => wire.#add(e.requestId, { status: e.statusCode, fields: lowerCase(e.headers) }));
    session.on('Network.responseReceived', (e) => wire.#add(e.requestId, { protocol: e.response.protocol }));
    await session.send('Network.enable');
    return wire;
  }

  /**
   * @param {string} id
   * @param {Partial<Exchange>} part
   */
  #add(id, part) {
    this.#exchanges.set(id, { ...this.#exchanges.get(id), ...part });
  }

  /**
   * The exchanges on one path that have been answered, oldest first.
   * @param {string} path
   */
  on(path) {
    const all = /** @type {Exchange[]} */ ([...this.#exchanges.values()]);
    return all.filter((one) => one.path === path && one.status && one.protocol);
  }
}

/**
 * @param {Record<string, string>} fields
 */
function lowerCase(fields) {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
}
