import { startBrowser } from './chromium.js';
import { Origin } from './origin.js';
import { serve, temporaryFolder } from './pollard.js';

const patience = 60_000;

/**
 * Opens the console, and takes note of what a browser complains of and of whom it asks. Chromium also complains of each status from 400 up:
 * where a test expects one, it looks at the others.
 * @param {import('./lab.js').Lab} lab
 * @param {string} admin
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
export async function open(lab, admin, options = {}) {
  const context = await (await startBrowser(lab)).newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  /** @type {string[]} */
  const complaints = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'data:' && url.origin !== new URL(admin).origin) complaints.push(`asks ${url}`);
  });
  await page.goto(`${admin}/`);
  return { page, complaints };
}

/**
 * Looks again and again until there is something to see; the test's limit ends it.
 * @template T
 * @param {() => Promise<T>} look
 * @returns {Promise<T>}
 */
export async function until(look) {
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/**
 * An application with one page that is polled, and Pollard in front of it with routes that poll it.
 * @param {import('./lab.js').Lab} lab
 * @param {number} n routes
 * @param {Record<string, unknown>} [settings]
 */
export async function serveRoutes(lab, n, settings = {}) {
  const origin = await Origin.start(lab, {});
  const routes = Array.from({ length: n }, (_, i) => ({ name: `route_${String(i).padStart(3, '0')}`, path: `/${i}/*`, stage: i % 2 ? 'push' : 'coalesce', percent: 50 }));
  return serve(lab, origin.url, { routes, state: await temporaryFolder(lab), ...settings });
}
