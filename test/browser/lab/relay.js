import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * A piece of network in front of a server, that can fail.
 */
export class Relay {
  /** @type {Map<import('node:net').Socket, import('node:net').Socket>} the clients' ends of the connections, and the server's */
  #open = new Map();
  /** @type {Set<import('node:net').Socket>} the clients' ends of those that carry a WebSocket */
  #sockets = new Set();
  #server;

  /** @param {string} url of the server; it can be another one later */
  constructor(url) {
    this.target = url;
    this.#server = createServer((client) => {
      const { hostname, port } = new URL(this.target);
      const server = connect(Number(port), hostname);
      this.#open.set(client, server);
      client.on('close', () => this.#open.delete(client) && this.#sockets.delete(client));
      client.on('data', (bytes) => /^upgrade: websocket/im.test(String(bytes)) && this.#sockets.add(client));
      for (const [from, to] of [[client, server], [server, client]]) {
        from.on('error', () => to.destroy()).on('close', () => to.end());
        from.pipe(to);
      }
    });
  }

  /**
   * @param {import('./lab.js').Lab} lab
   * @param {string} url
   */
  static async start(lab, url) {
    const relay = new Relay(url);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    lab.defer(() => {
      relay.cut();
      relay.#server.close();
    });
    return relay;
  }

  get url() {
    return `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (this.#server.address()).port}`;
  }

  /** Breaks all connections. New ones can be made. */
  cut() {
    for (const client of this.#open.keys()) client.resetAndDestroy();
  }

  /** Lets nothing through any more on the WebSockets that there are, and breaks none. */
  freeze() {
    for (const client of this.#sockets) {
      client.unpipe();
      this.#open.get(client)?.unpipe();
    }
  }
}
