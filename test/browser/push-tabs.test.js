import assert from 'node:assert/strict';
import test from 'node:test';

import { inLab } from './lab/lab.js';
import { startPushed, untilPushed, untilShown, untilWatched, watchers } from './lab/pushed.js';

test('the tabs of a browser share one connection, and the next takes over when the one that has it closes', inLab(async (lab) => {
  const { board, proxy, open } = await startPushed(lab);
  const tabs = [await open(), await open(), await open()];
  for (const tab of tabs) await untilPushed(tab, board);
  assert.equal(watchers(await proxy.metrics()), 1);

  for (const closed of tabs.slice(0, 2)) {
    const left = tabs.slice(tabs.indexOf(closed) + 1);
    const sent = left.map((tab) => tab.wire.on(board.poll).length);
    await closed.page.close();
    board.change();
    await Promise.all(left.map((tab) => untilShown(tab, board)));
    await Promise.all(left.map((tab) => untilPushed(tab, board)));
    for (const [i, tab] of left.entries()) assert.ok(tab.wire.on(board.poll).length - sent[i] <= 2, 'polls because another tab was closed');
    assert.equal(watchers(await proxy.metrics()), 1);
  }
  for (const tab of tabs) assert.deepEqual(tab.complaints, []);
}));

/** The document of whoever asks, under one URL and one tag for everybody: what is compared are bodies. */
function mine() {
  let version = 1;
  const change = () => {
    version += 1;
  };
  const viewer = (/** @type {import('./lab/origin.js').Request} */ request) => request.headers.cookie?.match(/user=(\w+)/)?.[1] ?? 'nobody';
  /** @type {Record<string, import('./lab/origin.js').Handler>} */
  const handlers = {
    'GET /board/changes': (request, response) => {
      response.setHeader('ETag', `"${version}"`).setHeader('Poll-Interval', 300).setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ text: version === 1 ? 'nothing yet' : `${version} for ${viewer(request)}` }));
    },
  };
  return { change, handlers };
}

test('a page is told nothing of a connection that another user has opened', inLab(async (lab) => {
  const { change, handlers } = mine();
  const { context, proxy, relay, open } = await startPushed(lab, 'a loop of fetch', handlers);
  await context.addCookies([{ name: 'user', value: 'alice', url: relay.url }]);
  const alice = await open();
  await alice.until('showed its state', () => alice.state.text === 'nothing yet');
  await untilWatched(proxy, 1);
  await context.clearCookies();
  await context.addCookies([{ name: 'user', value: 'bob', url: relay.url }]); // in the same browser; the application keeps both sessions
  const bob = await open();
  await bob.until('showed its state', () => bob.state.text === 'nothing yet');
  await bob.page.waitForTimeout(1500);
  change();
  await bob.until('showed the change', () => bob.state.text !== 'nothing yet');
  change();
  await bob.until('showed the next change', () => bob.states.at(-1)?.text.startsWith('3') ?? false);
  assert.deepEqual(bob.states.filter(({ text }) => text?.includes('alice')), []);
  assert.deepEqual(bob.complaints, []);
}));

test('a page whose cookie the socket does not carry is told nothing that was made for nobody', inLab(async (lab) => {
  const { change, handlers } = mine();
  const { context, proxy, relay, open } = await startPushed(lab, 'a loop of fetch', handlers);
  await context.addCookies([{ name: 'user', value: 'alice', domain: new URL(relay.url).hostname, path: '/board' }]);
  const tab = await open();
  await tab.until('showed its state', () => tab.state.text === 'nothing yet');
  await untilWatched(proxy, 1); // what is still the same for everybody
  for (const version of [2, 3, 4]) {
    change();
    await tab.until('showed the change', () => tab.state.text === `${version} for alice`);
  }
  assert.deepEqual(tab.states.filter(({ text }) => text?.includes('nobody')), []);
  assert.deepEqual(tab.complaints, []);
}));
