import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Child } from './child.js';

/** The binary that `make build` makes, or the one that is named. */
const binary = process.env.POLLARD ?? fileURLToPath(new URL('../../../bin/pollard', import.meta.url));

/**
 * The demo: the legacy application behind two doors, and viewers that poll through one of them.
 * @typedef {object} Demo
 * @property {string} page the side-by-side page
 * @property {string} through the application, behind Pollard
 * @property {string} direct the same application without it
 * @property {string} admin the admin listener
 * @property {number} pid
 * @property {(path: string) => Promise<void>} change moves the document that is polled at path one step on
 * @property {(pattern: RegExp) => Promise<RegExpMatchArray>} printed waits until it has printed this
 */

/**
 * Runs `pollard demo`. It judges itself at its end: the test fails when a viewer was given something of another's, when a page stopped
 * polling, or when Pollard's count of upstream calls is not the application's.
 * @param {import('./lab.js').Lab} lab
 * @param {number} viewers
 * @param {'coalesce' | 'push' | 'tour'} [stage] at push, pages behind Pollard carry its script; a tour of about a minute comes to that
 * @returns {Promise<Demo>}
 */
export async function startDemo(lab, viewers, stage = 'coalesce') {
  const kind = stage === 'tour' ? ['--tour', '--duration', '60s'] : ['--stage', stage];
  const child = new Child(binary, ['demo', '--viewers', String(viewers), '--seed', '1', ...kind]);
  lab.defer(() => child.stop('SIGINT'));
  const [, page, through, direct, admin] = await child.printed(/side by side +(\S+)\/\n +through Pollard +(\S+)\/\n +without it +(\S+)\/\n +console +(\S+)\//);
  const change = async (/** @type {string} */ path) => {
    const answer = await fetch(`${page}/change`, { method: 'POST', body: new URLSearchParams({ path }) });
    if (!answer.ok) throw new Error(`changing ${path}: status ${answer.status}`);
  };
  return { page, through, direct, admin, change, printed: (pattern) => child.printed(pattern), pid: child.pid };
}

/**
 * One route of a configuration; see docs/config.md.
 * @typedef {{name: string, path: string} & Record<string, unknown>} Route
 */

/**
 * A route of a board at stage push, with the interval of the board.
 * @param {string} path
 * @param {string} interval
 * @returns {Route}
 */
export function pushed(path, interval = '300ms') {
  return { name: 'board', path, stage: 'push', interval, min_interval: interval };
}

/**
 * @typedef {object} Proxy
 * @property {string} url the front door
 * @property {string} admin the admin listener
 * @property {() => Promise<{name: string, polls: number, upstream: number}[]>} routes what it has counted
 * @property {() => Promise<string>} metrics
 * @property {(routes: Route[]) => Promise<void>} reroute puts other routes in force
 * @property {(method: 'PUT' | 'DELETE') => Promise<void>} kill pulls the kill switch, or revives
 * @property {() => Promise<void>} stop ends it before the lab does
 */

/**
 * Runs `pollard serve` in front of an upstream.
 * @param {import('./lab.js').Lab} lab
 * @param {string} upstream
 * @param {{routes?: Route[], tls?: {certificate: string, key: string}} & Record<string, unknown>} settings those of docs/config.md
 * @returns {Promise<Proxy>}
 */
export async function serve(lab, upstream, { routes = [], ...more }) {
  const settings = (/** @type {Route[]} */ inForce) => JSON.stringify({
    listen: '127.0.0.1:0', admin: '127.0.0.1:0', upstream, routes: inForce, ...more,
    drain: { grace: '5s' }, log: { format: 'json', polls: false },
  }); // which is YAML, too
  const folder = await temporaryFolder(lab);
  const file = join(folder, 'pollard.yml');
  await writeFile(file, settings(routes));
  const child = new Child(binary, ['serve', '--config', file]);
  lab.defer(() => child.stop('SIGTERM'));
  const [line] = await child.printed(/^.*"msg":"serving".*$/m);
  const { listen, admin } = JSON.parse(line);
  return {
    url: `${more.tls ? 'https' : 'http'}://${listen}`,
    admin: `http://${admin}`,
    routes: async () => (await fetch(`http://${admin}/api/v1/routes`)).json(),
    metrics: async () => (await fetch(`http://${admin}/metrics`)).text(),
    kill: async (method) => {
      const answer = await fetch(`http://${admin}/api/v1/kill`, { method });
      if (!answer.ok) throw new Error(`${method} of the kill switch: status ${answer.status}`);
    },
    stop: () => child.stop('SIGTERM'),
    reroute: async (inForce) => {
      const from = child.output.length;
      await writeFile(file, settings(inForce));
      await child.printed(/configuration reloaded/, from);
    },
  };
}

/**
 * Makes a folder that goes with the lab.
 * @param {import('./lab.js').Lab} lab
 */
export async function temporaryFolder(lab) {
  const folder = await mkdtemp(join(tmpdir(), 'pollard-browser-'));
  lab.defer(() => rm(folder, { recursive: true }));
  return folder;
}
