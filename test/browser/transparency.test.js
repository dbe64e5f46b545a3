import assert from 'node:assert/strict';
import test from 'node:test';

import { Board } from './lab/board.js';
import { selfSigned } from './lab/certificate.js';
import { startBrowser } from './lab/chromium.js';
import { inLab } from './lab/lab.js';
import { Origin } from './lab/origin.js';
import { serve } from './lab/pollard.js';
import { startSite } from './lab/site.js';
import { Tab } from './lab/tab.js';
import { visits } from './lab/visits.js';

test('pages do through Pollard what they do without it', inLab(async (lab, t) => {
  const origin = await startSite(lab);
  const certificate = await selfSigned(lab);
  const context = await (await startBrowser(lab)).newContext({ ignoreHTTPSErrors: true });
  const doors = [
    { how: 'without Pollard', url: origin.url, protocol: 'http/1.1' },
    { how: 'through Pollard', url: (await serve(lab, origin.url, {})).url, protocol: 'http/1.1' },
    { how: 'through Pollard, with HTTP/2 over TLS', url: (await serve(lab, origin.url, { tls: certificate })).url, protocol: 'h2' },
  ];
  for (const { name, visit, check } of visits) {
    /** @type {unknown[]} */
    const results = [];
    for (const { how, url, protocol } of doors) {
      await t.test(`${name} ${how}`, async () => {
        const tab = await Tab.open(context);
        await tab.page.goto(`${url}/`);
        const result = await visit(tab, url);
        check(result);
        results.push(result);
        assert.deepEqual(result, results[0]);
        assert.equal(tab.wire.on('/')[0].protocol, protocol);
        assert.deepEqual(tab.complaints, []);
        await tab.page.close();
      });
    }
  }
}, 300_000));

test('polls are coalesced over HTTP/2, too', inLab(async (lab) => {
  const board = new Board('/board');
  const origin = await Origin.start(lab, board.handlers);
  const proxy = await serve(lab, origin.url, { routes: [{ name: 'board', path: board.poll, stage: 'coalesce' }], tls: await selfSigned(lab) });
  const context = await (await startBrowser(lab)).newContext({ ignoreHTTPSErrors: true });
  const tab = await Tab.open(context);
  await tab.page.goto(proxy.url + board.path);
  await tab.morePolls(3);
  board.change();
  await tab.until('showed the change', () => tab.state.text === board.text);
  const exchanges = tab.wire.on(board.poll);
  assert.deepEqual([...new Set(exchanges.map((one) => one.protocol))], ['h2']);
  assert.ok(exchanges.some((one) => one.fields['cache-status'].startsWith('pollard; hit')), 'no poll was answered from memory');
  assert.ok(origin.count(`GET ${board.poll}`) < exchanges.length, 'every poll was a call');
  assert.deepEqual(tab.complaints, []);
}));
