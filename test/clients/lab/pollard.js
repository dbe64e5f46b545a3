import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Child } from '../../browser/lab/child.js';
import { freePort } from '../../browser/lab/freeport.js';
import { temporaryFolder } from '../../browser/lab/pollard.js';

/** The binary that `make build` makes. */
const binary = fileURLToPath(new URL('../../../bin/pollard', import.meta.url));

/** `pollard serve`, with one route that is pushed, which can be started anew on the same port. */
export class Pollard {
  /** The front door. */
  url = '';
  #admin = '';
  #upstream;
  #file;
  /** @type {Child | undefined} */
  #child;

  /**
   * @param {string} upstream
   * @param {string} file of its configuration
   */
  constructor(upstream, file) {
    this.#upstream = upstream;
    this.#file = file;
  }

  /**
   * @param {import('../../browser/lab/lab.js').Lab} lab
   * @param {string} upstream
   */
  static async start(lab, upstream) {
    const pollard = new Pollard(upstream, join(await temporaryFolder(lab), 'pollard.yml'));
    await pollard.up();
    lab.defer(() => pollard.down());
    return pollard;
  }

  async up() {
    this.url ||= `http://127.0.0.1:${await freePort()}`;
    const settings = {
      listen: new URL(this.url).host, admin: '127.0.0.1:0', upstream: this.#upstream, drain: { grace: '5s' }, log: { format: 'json', polls: false },
      routes: [{ name: 'boards', path: '/*/changes', stage: 'push', interval: '300ms', min_interval: '100ms' }],
    };
    await writeFile(this.#file, JSON.stringify(settings)); // which is YAML, too
    this.#child = new Child(binary, ['serve', '--config', this.#file]);
    const [line] = await this.#child.printed(/^.*"msg":"serving".*$/m);
    this.#admin = `http://${JSON.parse(line).admin}`;
  }

  /** Asks it to end, and waits until it has. */
  async down() {
    await this.#child?.stop('SIGTERM');
    this.#child = undefined;
  }

  /**
   * How many subscriptions are open by a transport.
   * @param {string} transport
   */
  async watchers(transport) {
    const metrics = await (await fetch(`${this.#admin}/metrics`)).text();
    const [, value] = metrics.match(new RegExp(`^pollard_watchers{route="boards",transport="${transport}"} (.*)$`, 'm')) ?? [];
    return Number(value);
  }
}
