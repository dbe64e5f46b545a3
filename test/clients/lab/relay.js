import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * The network between clients and Pollard, which fails when told to: neither end is told that the other has gone by anything but the end
 * of the connection.
 */
export class Relay {
  /** @type {Set<import('node:net').Socket>} the clients' ends, the oldest first */
  #open = new Set();
  #server;

  /** @param {string} url where it leads */
  constructor(url) {
    const { hostname, port } = new URL(url);
    this.#server = createServer((near) => {
      const far = connect(Number(port), hostname);
      this.#open.add(near);
      near.on('close', () => this.#open.delete(near));
      for (const [one, other] of [[near, far], [far, near]]) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
        one.pipe(other);
      }
    });
  }

  /**
   * @param {import('../../browser/lab/lab.js').Lab} lab
   * @param {string} url
   */
  static async start(lab, url) {
    const relay = new Relay(url);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    lab.defer(() => { relay.cut(); relay.#server.close(); });
    return relay;
  }

  /** The site, as its pages see it. */
  get url() {
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}`;
  }

  /**
   * Drops all connections but the oldest ones; new ones are let through.
   * @param {{sparing?: number}} [oldest]
   */
  cut({ sparing = 0 } = {}) {
    for (const socket of [...this.#open].slice(sparing)) socket.destroy();
  }
}
