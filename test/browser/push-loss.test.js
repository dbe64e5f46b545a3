import assert from 'node:assert/strict';
import test from 'node:test';

import { inLab } from './lab/lab.js';
import { pushed, serve } from './lab/pollard.js';
import { startPushed, untilPushed, untilShown, untilWatched } from './lab/pushed.js';

/**
 * Ways to lose push, and to get it back. A page that polls with poll.js stops at the first poll that fails.
 * @typedef {Awaited<ReturnType<typeof startPushed>>} Stage
 * @type {{name: string, lose: (stage: Stage) => unknown, mend: (stage: Stage) => unknown}[]}
 */
const losses = [
  {
    name: 'a route that leaves the stage',
    lose: ({ proxy, board }) => proxy.reroute([{ ...pushed(board.poll), stage: 'off' }]),
    mend: ({ proxy, board }) => proxy.reroute([pushed(board.poll)]),
  },
  {
    name: 'a kill switch',
    lose: ({ proxy }) => proxy.kill('PUT'),
    mend: ({ proxy }) => proxy.kill('DELETE'),
  },
  {
    name: 'another instance that takes over',
    lose: async ({ lab, relay, proxy, origin, board }) => {
      relay.target = (await serve(lab, origin.url, { routes: [pushed(board.poll)] })).url;
      await proxy.stop();
    },
    mend: () => {},
  },
  { name: 'a connection that breaks', lose: ({ relay }) => relay.cut(), mend: () => {} },
  { name: 'a socket that falls silent', lose: ({ relay }) => relay.freeze(), mend: () => {} },
];

for (const { name, lose, mend } of losses) {
  test(`${name} is not noticed, and push comes back`, inLab(async (lab) => {
    const stage = await startPushed(lab);
    const { board, open } = stage;
    const tab = await open();
    await untilPushed(tab, board);
    await lose(stage);
    for (let changes = 0; changes < 3; changes += 1) {
      board.change();
      await untilShown(tab, board);
    }
    await mend(stage);
    await untilPushed(tab, board);
    assert.equal(tab.state.polling, 'polling');
    assert.deepEqual(outOfOrder(tab.states), []);
    assert.deepEqual(tab.complaints, []);
  }));
}

test('a page whose session has ended hears of it as it always did, and is shown nothing new', inLab(async (lab) => {
  const { board, open } = await startPushed(lab);
  const tab = await open();
  await untilPushed(tab, board);
  const last = tab.state.text;
  board.status = 401;
  board.change();
  await tab.until('stopped', () => tab.state.polling !== 'polling');
  assert.equal(tab.state.polling, 'stopped: status 401');
  assert.equal(tab.state.text, last);
}));

test('a page that is sent signals fetches what has changed, and nothing else', inLab(async (lab) => {
  const { board, proxy, open } = await startPushed(lab);
  await proxy.reroute([{ ...pushed(board.poll), deliver: 'signal' }]);
  const tab = await open();
  await untilShown(tab, board);
  await untilWatched(proxy, 1);
  for (let changes = 0; changes < 4; changes += 1) {
    const sent = tab.wire.on(board.poll).length;
    await tab.page.waitForTimeout(5 * board.interval);
    assert.ok(tab.wire.on(board.poll).length - sent <= 1, 'polls while nothing happened');
    board.change();
    await untilShown(tab, board);
  }
  assert.deepEqual(tab.complaints, []);
}));

/**
 * States that were shown although a newer one had been.
 * @param {import('./lab/tab.js').State[]} states
 */
function outOfOrder(states) {
  const versions = states.map(({ text }) => Number(text?.match(/\d+/)?.[0] ?? 0));
  return versions.filter((version, i) => i > 0 && version < versions[i - 1]);
}
