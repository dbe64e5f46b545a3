import assert from 'node:assert/strict';
import test from 'node:test';

import { Board } from './lab/board.js';
import { startBrowser } from './lab/chromium.js';
import { inLab } from './lab/lab.js';
import { Origin } from './lab/origin.js';
import { pushed, serve } from './lab/pollard.js';
import { pollers, pollingPage } from './lab/pollers.js';
import { Tab } from './lab/tab.js';

for (const [name, poller] of Object.entries(pollers)) {
  test(`${name}: every state is shown, and hardly a poll leaves the page`, inLab(async (lab) => {
    const board = new Board('/board');
    board.shape = poller.shape ?? board.shape;
    const origin = await Origin.start(lab, { ...board.handlers, ...pollingPage(board, '/page', poller) });
    const proxy = await serve(lab, origin.url, { routes: [pushed(board.poll)] });
    const tab = await Tab.open(await (await startBrowser(lab)).newContext());
    await tab.page.goto(`${proxy.url}/page`);
    await tab.until('showed the first state', () => tab.state.text === board.text);
    const expected = [board.text];
    for (let changes = 0; changes < 6; changes += 1) {
      board.change();
      expected.push(board.text);
      await tab.until('showed the change', () => tab.state.text === board.text);
    }
    assert.deepEqual(shown(tab), expected);
    assert.equal(tab.state.polling, 'polling');
    const sent = tab.wire.on(board.poll).length; // until the subscription is there, and for the first change
    assert.ok(sent <= 4, `${sent} polls were sent`);
    assert.deepEqual(tab.complaints, []);
  }));
}

test('a page with the script sends at most a twentieth of the requests of the page without, and shows the same states', inLab(async (lab) => {
  const board = new Board('/board');
  board.interval = 100; // ten minutes of a page that polls every 3 s, in thirty times less
  const poller = pollers['a loop of fetch'];
  const origin = await Origin.start(lab, {
    ...board.handlers, ...pollingPage(board, '/with', poller), ...pollingPage(board, '/without', { ...poller, isPlain: true }),
  });
  const proxy = await serve(lab, origin.url, { routes: [pushed(board.poll, '100ms')] });
  const browser = await startBrowser(lab);
  const [withScript, without] = await Promise.all(['/with', '/without'].map(async (path) => {
    const tab = await Tab.open(await browser.newContext());
    await tab.page.goto(proxy.url + path);
    return tab;
  }));
  const tabs = [withScript, without];
  const expected = [board.text];
  for (let polls = 10; polls <= 200; polls += 20) {
    const enough = () => without.wire.on(board.poll).length >= polls;
    while (!enough()) await without.page.waitForTimeout(board.interval);
    board.change();
    expected.push(board.text);
    await Promise.all(tabs.map((tab) => tab.until('showed the change', () => tab.state.text === board.text)));
  }
  for (const tab of tabs) {
    assert.deepEqual(shown(tab), expected);
    assert.deepEqual(tab.complaints, []);
  }
  // In real time it is a fiftieth and less. Time that is compressed thirty times is short for a busy machine: what a page
  // sends until its subscription stands counts thirty times as much.
  const [few, many] = tabs.map((tab) => tab.wire.on(board.poll).length);
  assert.ok(few <= many / 20, `${few} polls with the script, ${many} without`);
}));

/**
 * What a tab has shown. That it showed nothing at first is seen only if its first poll was not quicker.
 * @param {Tab} tab
 */
function shown(tab) {
  return tab.states.map((state) => state.text).filter((text) => text !== '');
}
