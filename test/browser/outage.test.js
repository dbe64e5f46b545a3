import assert from 'node:assert/strict';
import test from 'node:test';

import { Board } from './lab/board.js';
import { startBrowser } from './lab/chromium.js';
import { inLab } from './lab/lab.js';
import { Origin } from './lab/origin.js';
import { serve } from './lab/pollard.js';
import { Tab } from './lab/tab.js';

/** How many polls an outage lasts: with the board's interval, about three seconds. */
const outage = 10;

/**
 * Ways to fail, and what the legacy page says of them: what it is given without Pollard, and from Pollard without stale_if_error.
 * @type {{name: string, begin: (origin: Origin, boards: Board[]) => unknown, end: (origin: Origin, boards: Board[]) => unknown, direct: string, bare: string}[]}
 */
const failures = [
  {
    name: 'refuses connections',
    begin: (origin) => origin.down(), end: (origin) => origin.up(),
    direct: 'stopped: network error', bare: 'stopped: status 502',
  },
  {
    name: 'answers 503',
    begin: (_, boards) => setStatus(boards, 503), end: (_, boards) => setStatus(boards, 200),
    direct: 'stopped: status 503', bare: 'stopped: status 503',
  },
];

for (const { name, begin, end, direct, bare } of failures) {
  test(`with stale_if_error a page outlives an application that ${name}, and stops without it`, inLab(async (lab) => {
    const boards = [new Board('/covered'), new Board('/bare')];
    const [coveredBoard, bareBoard] = boards;
    const origin = await Origin.start(lab, Object.assign({}, ...boards.map((board) => board.handlers)));
    const proxy = await serve(lab, origin.url, {
      routes: [
        { name: 'covered', path: coveredBoard.poll, stage: 'coalesce', stale_if_error: '30s' },
        { name: 'bare', path: bareBoard.poll, stage: 'coalesce' },
      ],
    });
    const context = await (await startBrowser(lab)).newContext();
    const tabs = await Promise.all([proxy.url + coveredBoard.path, proxy.url + bareBoard.path, origin.url + bareBoard.path].map(async (page) => {
      const tab = await Tab.open(context);
      await tab.page.goto(page);
      await tab.morePolls(2);
      return tab;
    }));
    const [coveredTab, bareTab, directTab] = tabs;

    await begin(origin, boards);
    await Promise.all([
      coveredTab.morePolls(outage),
      bareTab.until('stopped', () => bareTab.state.polling === bare),
      directTab.until('stopped', () => directTab.state.polling === direct),
    ]);
    const stopped = [bareTab.polls.length, directTab.polls.length];
    assert.ok(coveredTab.wire.on(coveredBoard.poll).some(isStale), 'no answer of the outage says that it is stale');

    await end(origin, boards);
    coveredBoard.change();
    await coveredTab.until('showed the change', () => coveredTab.state.text === coveredBoard.text);
    await coveredTab.morePolls(2);
    assert.deepEqual([bareTab.polls.length, directTab.polls.length], stopped, 'polls of pages that have stopped');
    assert.deepEqual(coveredTab.polls.filter((poll) => poll.status !== 200), [], 'failures that the page was shown');
    assert.deepEqual(coveredTab.complaints, []);
  }));
}

/**
 * Whether Cache-Status says that an answer is older than it should be (RFC 9211 §2.4).
 * @param {import('./lab/wire.js').Exchange} exchange
 */
function isStale({ fields }) {
  return /pollard; hit; ttl=-\d+/.test(fields['cache-status']);
}

/**
 * @param {Board[]} boards
 * @param {number} status
 */
function setStatus(boards, status) {
  for (const board of boards) board.status = status;
}
