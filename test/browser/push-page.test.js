import assert from 'node:assert/strict';
import test from 'node:test';

import { inLab } from './lab/lab.js';
import { pushed } from './lab/pollard.js';
import { startPushed, untilPushed, untilShown, untilWatched } from './lab/pushed.js';

test('after a page has written, the next poll of each tab goes to the network', inLab(async (lab) => {
  const { board, open } = await startPushed(lab, 'poll.js', {
    'POST /write': (_, response) => {
      board.change();
      response.writeHead(204).end();
    },
  });
  const [writer, other] = [await open(), await open()];
  await untilPushed(writer, board);
  await untilPushed(other, board);
  for (const write of [writeByFetch, writeByXHR]) {
    const sent = [writer, other].map((tab) => tab.wire.on(board.poll).length);
    await writer.page.evaluate(write);
    await Promise.all([writer, other].map((tab) => untilShown(tab, board)));
    await writer.page.waitForTimeout(2 * board.interval);
    for (const [i, tab] of [writer, other].entries()) {
      const polls = tab.wire.on(board.poll).slice(sent[i]);
      assert.ok(polls.length >= 1 && polls.length <= 3, `${polls.length} polls after the write`);
      assert.equal(polls.at(-1)?.fields.etag, board.tag);
    }
    await untilPushed(writer, board);
    await untilPushed(other, board);
  }
  assert.deepEqual([...writer.complaints, ...other.complaints], []);
}));

const writeByFetch = async () => {
  await fetch('/write', { method: 'POST' });
};

const writeByXHR = () => new Promise((resolve) => {
  const request = new XMLHttpRequest();
  request.open('POST', '/write');
  request.onloadend = resolve;
  request.send();
});

test('a hidden page gives up its subscription, and has it again when it polls in sight', inLab(async (lab) => {
  const { board, proxy, open } = await startPushed(lab, 'a loop of fetch');
  const tab = await open();
  await untilPushed(tab, board);
  await tab.page.clock.install();
  await setHidden(tab, true);
  await tab.page.clock.fastForward(31_000);
  await untilWatched(proxy, 0);
  const sent = tab.wire.on(board.poll).length;
  while (tab.wire.on(board.poll).length < sent + 3) await tab.page.waitForTimeout(board.interval); // it polls as it always did
  await untilWatched(proxy, 0);
  await setHidden(tab, false);
  await untilWatched(proxy, 1);
  assert.deepEqual(tab.complaints, []);
}));

/**
 * Makes a page believe that it is out of sight: a browser without a window hides none.
 * @param {import('./lab/tab.js').Tab} tab
 * @param {boolean} hidden
 */
async function setHidden(tab, hidden) {
  await tab.page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
}

test('what is no poll of the document is left alone', inLab(async (lab) => {
  const { board, origin, open } = await startPushed(lab, 'a loop of fetch');
  const tab = await open();
  await untilPushed(tab, board);
  for (const [what, init] of /** @type {[string, RequestInit][]} */ ([
    ['another user', { headers: { Authorization: 'Bearer x' } }],
    ['nobody', { credentials: 'omit' }],
    ['a field that nobody knows', { headers: { 'X-Unknown': '1' } }],
    ['another format', { headers: { Accept: 'text/html' } }],
    ['its head', { method: 'HEAD' }],
    ['the cache', { cache: 'force-cache' }],
  ])) {
    const status = await tab.page.evaluate(async ([path, options]) => (await fetch(path, options)).headers.get('cache-status'),
      /** @type {const} */ ([board.poll, init]));
    assert.doesNotMatch(status ?? '', /detail="push"/, `a request for ${what}`);
  }
  const calls = origin.calls.length;
  const failure = await tab.page.evaluate(async () => {
    try {
      await fetch('http://127.0.0.1:1/');
    } catch (error) {
      return `${error}`;
    }
  });
  assert.match(failure ?? '', /TypeError: Failed to fetch/);
  assert.ok(origin.calls.length >= calls);
}));

test('a parameter that the route ignores makes no other document, and any other does', inLab(async (lab) => {
  const { board, proxy, open } = await startPushed(lab, 'a loop of fetch', {
    'GET /board/changes': (request, response) => {
      const n = new URL(request.url ?? '', 'http://board.test').searchParams.get('n');
      response.setHeader('ETag', '"same"').setHeader('Poll-Interval', 300).setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ text: `number ${n}` }));
    },
  });
  await proxy.reroute([{ ...pushed(board.poll), ignore_query: ['_'] }]);
  const tab = await open();
  const answers = await tab.page.evaluate(async (path) => {
    const ask = async (/** @type {string} */ query) => {
      const response = await fetch(path + query);
      return [(await response.json()).text, /detail="push"/.test(response.headers.get('cache-status') ?? ''), response.url.endsWith(query)];
    };
    for (let i = 0; !(await ask(`?n=1&_=${i}`))[1]; i += 1);
    return Promise.all(['?n=1&_=a', '?_=b&n=1', '?n=1', '?n=2&_=c', '?n=1&_x=1', '?n=1&%5F=1', '?n=1;_=1'].map(ask));
  }, board.poll);
  assert.deepEqual(answers, [
    ['number 1', true, true], ['number 1', true, true], ['number 1', true, true],
    ['number 2', false, true], ['number 1', false, true], ['number 1', false, true], ['number 1;_=1', false, true],
  ]);
  assert.deepEqual(tab.complaints, []);
}));

test('while the user does something, a poll in time is held as ever, and one out of time is not', inLab(async (lab) => {
  const { board, open } = await startPushed(lab, 'a loop of fetch');
  const tab = await open();
  const isHeldOutOfTime = await tab.page.evaluate(async (path) => {
    Object.defineProperty(navigator, 'userActivation', { value: { isActive: true } });
    const pause = (/** @type {number} */ duration) => new Promise((resolve) => { setTimeout(resolve, duration); });
    const isHeld = async () => { // a second, or a tenth of one
      const answer = fetch(path);
      const isSlow = await Promise.race([answer.then(() => false), pause(900).then(() => true)]);
      await answer;
      return isSlow;
    };
    do await pause(1000); while (!await isHeld());
    await pause(300);
    return isHeld();
  }, `${board.poll}?by=itself`);
  assert.equal(isHeldOutOfTime, false);
  assert.deepEqual(tab.complaints, []);
}));

test('a page can abort a poll that is held', inLab(async (lab) => {
  const { board, open } = await startPushed(lab, 'a loop of fetch');
  const tab = await open();
  await untilPushed(tab, board);
  const { byFetch, byXHR } = await tab.page.evaluate(async (path) => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const poll = fetch(path, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 30);
    const byFetch = await poll.then(() => 'answered', (error) => (error === reason ? 'aborted' : String(error)));
    const request = new XMLHttpRequest();
    /** @type {string[]} */
    const byXHR = [];
    for (const type of ['readystatechange', 'abort', 'load', 'loadend']) {
      request.addEventListener(type, () => byXHR.push(`${type} ${request.readyState} ${request.status}`));
    }
    request.open('GET', path);
    request.send();
    await new Promise((resolve) => setTimeout(resolve, 30));
    request.abort();
    byXHR.push(`then ${request.readyState}`);
    return { byFetch, byXHR };
  }, board.poll);
  assert.equal(byFetch, 'aborted');
  assert.deepEqual(byXHR, ['readystatechange 1 0', 'readystatechange 4 0', 'abort 4 0', 'loadend 4 0', 'then 0']);
  board.change();
  await untilShown(tab, board);
  assert.deepEqual(tab.complaints, []);
}));
