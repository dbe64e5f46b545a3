import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Finds a port of loopback for a server that goes down and comes back. It lies below those that systems give to outgoing connections, from
 * 32,768 on or higher up, of which somebody's connection may have it meanwhile, and above 10,080, to which no browser connects.
 */
export async function freePort() {
  for (;;) {
    const port = 11_000 + Math.floor(Math.random() * 10_000);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(() => true, (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code !== 'EADDRINUSE') throw error;
      return false;
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
