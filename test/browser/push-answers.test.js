import assert from 'node:assert/strict';
import test from 'node:test';

import { askByFetch, askByXHR } from './lab/answers.js';
import { startBrowser } from './lab/chromium.js';
import { inLab } from './lab/lab.js';
import { Origin } from './lab/origin.js';
import { pushed, serve } from './lab/pollard.js';
import { Tab } from './lab/tab.js';

const path = '/document';
const tag = 'W/"1, 2"';

/** JSON that does not survive being read and written again. */
const body = '{ "n": 12345678901234567890, "n": 1.0,\n  "text": "äöü € \\u003cb\\u003e" }';

const page = (/** @type {string} */ script) => `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Page</title>
  <link rel="icon" href="data:,">${script}<body>`;

/** @type {Record<string, import('./lab/origin.js').Handler>} */
const handlers = {
  'GET /with': (_, response) => response.setHeader('Content-Type', 'text/html').end(page('<script src="/-/pollard/client.js"></script>'.repeat(2))),
  'GET /without': (_, response) => response.setHeader('Content-Type', 'text/html').end(page('')),
  [`GET ${path}`]: (request, response) => {
    response.setHeader('ETag', tag).setHeader('Poll-Interval', '50').setHeader('Cache-Control', 'max-age=0, private, must-revalidate');
    if (request.headers['if-none-match'] === tag) response.writeHead(304).end();
    else response.setHeader('Content-Type', 'application/json; charset=utf-8').setHeader('Content-Length', Buffer.byteLength(body)).end(body);
  },
};

/**
 * Opens a page with the script, and one without.
 * @param {import('./lab/lab.js').Lab} lab
 */
async function openBoth(lab) {
  const origin = await Origin.start(lab, handlers);
  const proxy = await serve(lab, origin.url, { routes: [pushed(path, '50ms')] });
  const context = await (await startBrowser(lab)).newContext();
  const [here, there] = await Promise.all(['/with', '/without'].map(async (name) => {
    const tab = await Tab.open(context);
    await tab.page.goto(proxy.url + name);
    return tab;
  }));
  await here.page.evaluate(async (document) => {
    while (!(await fetch(document)).headers.get('cache-status')?.includes('push'));
  }, path);
  return { here, there };
}

/** Fields that differ from one response of the network to the next, or say where it comes from. */
const volatile = /^(date|cache-status|age|connection|keep-alive|vary):.*\r\n/gm;

/** @param {{headers: string}} answer */
function comparable(answer) {
  return { ...answer, headers: answer.headers.replace(volatile, '') };
}

test('what a page is given without the network is what the network gives, event by event', inLab(async (lab, t) => {
  const { here, there } = await openBoth(lab);
  const sent = here.wire.on(path).length;
  for (const type of /** @type {const} */ (['', 'text', 'json', 'blob', 'arraybuffer'])) {
    for (const condition of [undefined, tag, '"other"', '*']) {
      await t.test(`XMLHttpRequest, response type "${type}", If-None-Match: ${condition}`, async () => {
        const question = { path, type, condition };
        assert.deepEqual(comparable(await here.page.evaluate(askByXHR, question)), comparable(await there.page.evaluate(askByXHR, question)));
      });
    }
  }
  for (const condition of [undefined, tag, '"other"']) {
    await t.test(`fetch, If-None-Match: ${condition}`, async () => {
      const question = { path, condition };
      assert.deepEqual(comparable(await here.page.evaluate(askByFetch, question)), comparable(await there.page.evaluate(askByFetch, question)));
    });
  }
  assert.equal(here.wire.on(path).length, sent, 'requests that were sent');
}));
