import assert from 'node:assert/strict';
import test from 'node:test';

import { Board } from './lab/board.js';
import { startBrowser } from './lab/chromium.js';
import { inLab } from './lab/lab.js';
import { Origin } from './lab/origin.js';
import { pushed, serve } from './lab/pollard.js';
import { pollers, pollingPage } from './lab/pollers.js';
import { shown, Tab } from './lab/tab.js';

for (const [name, poller] of Object.entries(pollers)) {
  test(`${name}: every state is shown, and hardly a poll leaves the page`, inLab(async (lab) => {
    const board = new Board('/board');
    board.shape = poller.shape ?? board.shape;
    const origin = await Origin.start(lab, { ...board.handlers, ...pollingPage(board, '/page', poller) });
    const proxy = await serve(lab, origin.url, { routes: [{ ...pushed(board.poll), ...poller.route }] });
    const tab = await Tab.open(await (await startBrowser(lab)).newContext());
    await tab.page.goto(`${proxy.url}/page`);
    await tab.until('showed the first state', () => tab.state.text === board.text);
    const expected = [board.text];
    const change = async () => {
      const sent = tab.wire.on(board.poll).length;
      board.change();
      expected.push(board.text);
      await tab.until('showed the change', () => tab.state.text === board.text);
      return tab.wire.on(board.poll).length - sent;
    };
    // Until the subscription is there: a change may also be shown by a poll that was on its way already.
    for (let quiet = 0; quiet < 3;) quiet = await change() > 0 ? 0 : quiet + 1;
    let polls = 0;
    for (let changes = 0; changes < 6; changes += 1) polls += await change();
    assert.deepEqual(shown(tab), expected);
    assert.equal(tab.state.polling, 'polling');
    assert.ok(polls <= 1, `${polls} polls were sent`);
    assert.deepEqual(tab.complaints, []);
  }));
}
