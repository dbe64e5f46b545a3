import { once } from 'node:events';
import { createServer } from 'node:http';

import { freePort } from './freeport.js';

/**
 * @typedef {import('node:http').IncomingMessage} Request
 * @typedef {import('node:http').ServerResponse} Response
 * @typedef {(request: Request, response: Response) => unknown} Handler
 */

/**
 * An application that the test scripts: handlers by method and path, such as 'GET /board'. It takes note of every request that reaches it,
 * and goes down and comes back on the same port.
 */
export class Origin {
  /** @type {string[]} method and path of every request so far */
  calls = [];
  #handlers;
  #server;
  #port = 0;

  /** @param {Record<string, Handler>} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  /**
   * Starts one on a free port.
   * @param {import('./lab.js').Lab} lab
   * @param {Record<string, Handler>} handlers
   */
  static async start(lab, handlers) {
    const origin = new Origin(handlers);
    await origin.up();
    lab.defer(() => origin.down());
    return origin;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** @param {(request: Request, socket: import('node:stream').Duplex, head: Buffer) => void} handler takes connections that are upgraded */
  onUpgrade(handler) {
    this.#server.on('upgrade', handler);
  }

  async up() {
    this.#port ||= await freePort();
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Breaks off what it is answering, and refuses connections from then on. */
  async down() {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  /**
   * How many requests for one method and path have reached it.
   * @param {string} call such as 'GET /board/changes'
   */
  count(call) {
    return this.calls.filter((one) => one === call).length;
  }

  /**
   * @param {Request} request
   * @param {Response} response
   */
  #answer(request, response) {
    const call = `${request.method} ${new URL(request.url ?? '/', this.url).pathname}`;
    this.calls.push(call);
    const handler = this.#handlers[call];
    if (handler) handler(request, response);
    else response.writeHead(404).end();
  }
}
