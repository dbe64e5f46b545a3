import assert from 'node:assert/strict';
import test from 'node:test';

import { Board } from './lab/board.js';
import { startBrowser } from './lab/chromium.js';
import { inLab } from './lab/lab.js';
import { Origin } from './lab/origin.js';
import { serve } from './lab/pollard.js';
import { Tab } from './lab/tab.js';

test('the browser revalidates its own cache through Pollard, and tabs share what reaches the application', inLab(async (lab) => {
  const board = new Board('/board');
  const origin = await Origin.start(lab, board.handlers);
  const proxy = await serve(lab, origin.url, { routes: [{ name: 'board', path: board.poll, stage: 'coalesce' }] });
  const context = await (await startBrowser(lab)).newContext();
  await context.addCookies([{ name: 'session', value: 'one', url: proxy.url }]);
  const openBoard = async () => {
    const tab = await Tab.open(context);
    await tab.page.goto(proxy.url + board.path);
    return tab;
  };

  const first = await openBoard();
  await first.until('polled twice', () => first.polls.length >= 2); // or the other tabs could ask before there is anything in the cache
  const tabs = [first, await openBoard(), await openBoard(), await openBoard()];
  const tags = [board.tag];
  await Promise.all(tabs.map((tab) => tab.morePolls(4)));
  board.change();
  tags.push(board.tag);
  await Promise.all(tabs.map((tab) => tab.until('showed the change', () => tab.state.text === board.text)));
  await Promise.all(tabs.map((tab) => tab.morePolls(4)));
  await Promise.all(tabs.map((tab) => tab.page.close()));

  for (const tab of tabs) {
    checkPage(tab, board, tags);
    checkWire(tab.wire.on(board.poll), tags, tab === first);
  }
  const polls = tabs.flatMap((tab) => tab.wire.on(board.poll)).length;
  const calls = origin.count(`GET ${board.poll}`);
  const [counted] = await proxy.routes();
  assert.ok(polls <= counted.polls && counted.polls <= polls + tabs.length, // each tab may have been closed in the middle of a poll
    `Pollard counted ${counted.polls} polls, the tabs ${polls}`);
  assert.equal(counted.upstream, calls, 'the calls that Pollard counted, and those that reached the application');
  assert.ok(calls < polls / 2, `${polls} polls made ${calls} calls`);
}));

/**
 * Checks that the page was given whole answers: what is revalidated is the browser's business.
 * @param {Tab} tab
 * @param {Board} board
 * @param {string[]} tags
 */
function checkPage(tab, board, tags) {
  for (const { status, headers } of tab.polls) {
    assert.equal(status, 200, 'the status that a script was given');
    assert.equal(headers['poll-interval'], String(board.interval), 'the Poll-Interval that a script was given');
    assert.ok(tags.includes(headers.etag), `a script was given the entity tag ${headers.etag}`);
  }
  assert.deepEqual(tab.complaints, []);
}

/**
 * Checks that each answer was asked for with the entity tag of the one before, byte for byte, and was a 304 exactly when that was current.
 * @param {import('./lab/wire.js').Exchange[]} exchanges
 * @param {string[]} tags
 * @param {boolean} fromNothing whether the cache was empty when the first one was asked for
 */
function checkWire(exchanges, tags, fromNothing) {
  for (const [i, { asked, status, fields }] of exchanges.entries()) {
    const condition = asked['if-none-match'];
    if (fromNothing && i === 0) assert.equal(condition, undefined, 'the first condition');
    else assert.ok(tags.includes(condition), `the condition ${condition} on the wire`);
    assert.ok(tags.includes(fields.etag), `the entity tag ${fields.etag} on the wire`);
    assert.equal(status, condition === fields.etag ? 304 : 200, `asked for ${condition}, with ${fields.etag} current`);
  }
}
