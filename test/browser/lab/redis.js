import { once } from 'node:events';
import { createServer } from 'node:net';

import { Child } from './child.js';
import { temporaryFolder } from './pollard.js';

/** A Redis server on a port of its own, that goes away and comes back there. */
export class Redis {
  /** @type {Child | undefined} */
  #child;
  #port = 0;
  #folder = '';

  /** @param {import('./lab.js').Lab} lab */
  static async start(lab) {
    const redis = new Redis();
    redis.#folder = await temporaryFolder(lab);
    redis.#port = await freePort();
    lab.defer(() => redis.down());
    await redis.up();
    return redis;
  }

  get url() {
    return `redis://127.0.0.1:${this.#port}`;
  }

  async up() {
    this.#child = new Child('redis-server', ['--port', String(this.#port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', this.#folder]);
    await this.#child.printed(/Ready to accept connections/);
  }

  async down() {
    await this.#child?.stop('SIGTERM');
    this.#child = undefined;
  }
}

/** A port that was free a moment ago. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}
