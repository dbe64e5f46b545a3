import { once } from 'node:events';
import { createServer, request } from 'node:http';

/**
 * A port that is forwarded to an admin listener: what is behind it can be another instance, or of another
 * build, or gone, while the page stays open.
 */
export class ForwardedPort {
  /** What is behind it; "" where nothing is. */
  target = '';
  /** Changes what passes, event by event. @type {(text: string) => string} */
  rewrite = (text) => text;
  /** What is appended to files, by path: then they are of another build. @type {Record<string, string>} */
  append = {};
  #server = createServer((from, to) => this.#pass(from, to));

  /**
   * @param {import('./lab.js').Lab} lab
   * @param {string} target
   */
  static async start(lab, target) {
    const port = new ForwardedPort();
    port.target = target;
    port.#server.listen(0, '127.0.0.1');
    await once(port.#server, 'listening');
    lab.defer(() => port.cut().#server.close());
    return port;
  }

  get url() {
    return `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (this.#server.address()).port}`;
  }

  /** Breaks off what passes. */
  cut() {
    this.#server.closeAllConnections();
    return this;
  }

  /**
   * @param {import('node:http').IncomingMessage} from
   * @param {import('node:http').ServerResponse} to
   */
  #pass(from, to) {
    if (!this.target) {
      from.socket.destroy();
      return;
    }
    /** @type {import('node:http').IncomingHttpHeaders} */
    const headers = { ...from.headers, 'accept-encoding': 'identity' };
    if (this.append[from.url ?? '']) delete headers['if-none-match'];
    const onward = request(this.target + from.url, { method: from.method, headers }, (answer) => {
      const fields = { ...answer.headers };
      delete fields['content-length'];
      const more = this.append[from.url ?? ''] ?? '';
      if (more) delete fields.etag;
      to.writeHead(answer.statusCode ?? 502, fields);
      answer.setEncoding('utf8').on('data', (text) => to.write(this.rewrite(text))).on('end', () => to.end(more)).on('error', () => to.destroy());
    });
    onward.on('error', () => to.destroy());
    to.on('close', () => onward.destroy());
    from.pipe(onward);
  }
}
