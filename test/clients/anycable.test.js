import assert from 'node:assert/strict';
import test from 'node:test';

import { createCable } from '@anycable/core';

import { inLab } from '../browser/lab/lab.js';
import { Inbox } from './lab/inbox.js';
import { cableOf, PageSocket } from './lab/page.js';
import { openSite } from './lab/site.js';

/**
 * Subscribes as a page does that uses AnyCable's client, only that it comes back sooner.
 * @param {import('../browser/lab/lab.js').Lab} lab
 * @param {string} site
 * @param {string} path
 * @param {object} [options]
 */
function subscribe(lab, site, path, options) {
  const cable = createCable(cableOf(site), {
    protocol: 'actioncable-v1-ext-json', websocketImplementation: PageSocket, reconnectStrategy: () => 200, logLevel: 'error', ...options,
  });
  lab.defer(() => cable.disconnect());
  /** @type {Inbox<string>} the kinds of frames that have come, pings left out */
  const frames = new Inbox();
  cable.transport.on('data', (frame) => {
    const { type = 'message' } = JSON.parse(/** @type {any} */ (frame));
    if (type !== 'ping') frames.put(type);
  });
  const channel = cable.subscribeTo('PollChannel', { path });
  /** @type {Inbox<{told: any, at: any}>} */
  const messages = new Inbox();
  channel.on('message', (told, at) => messages.put({ told, at }));
  /** @param {string[]} kinds */
  const expect = async (...kinds) => {
    for (const kind of kinds) assert.equal(await frames.next(), kind);
  };
  return { cable, channel, frames, messages, expect };
}

test('@anycable/core is told the current state, and each change, with its place', inLab(async (lab) => {
  const { board, url } = await openSite(lab);
  const { messages, expect } = subscribe(lab, url, board.poll);
  await expect('welcome', 'confirm_subscription', 'message', 'confirm_history');
  const first = await messages.next();
  assert.deepEqual(first.told.body, { text: board.text });
  board.change();
  const second = await messages.next();
  assert.deepEqual(second.told.body, { text: board.text });
  assert.deepEqual(second.at, { ...first.at, offset: first.at.offset + 1 });
}));

test('@anycable/core resumes: nothing where nothing changed, else the newest state', inLab(async (lab) => {
  const { board, relay, url } = await openSite(lab);
  const witness = subscribe(lab, url, board.poll); // whom the network spares: so the stream goes on
  await witness.messages.next();
  const { frames, messages, expect } = subscribe(lab, url, board.poll);
  await expect('welcome', 'confirm_subscription', 'message', 'confirm_history');
  const first = await messages.next();

  relay.cut({ sparing: 1 });
  await expect('welcome', 'confirm_subscription', 'confirm_history');
  assert.equal(messages.size, 0);

  relay.cut({ sparing: 1 });
  board.change();
  await witness.messages.next();
  await expect('welcome', 'confirm_subscription');
  await frames.until((kind) => kind === 'confirm_history');
  const second = await messages.next();
  assert.deepEqual(second.told.body, { text: board.text });
  assert.deepEqual(second.at, { ...first.at, offset: first.at.offset + 1 });
  assert.equal(messages.size, 0);
}));

test('@anycable/core is told of a gap after a restart, and then the state', inLab(async (lab) => {
  const { board, pollard, url } = await openSite(lab);
  const { messages, expect } = subscribe(lab, url, board.poll);
  await expect('welcome', 'confirm_subscription', 'message', 'confirm_history');
  await messages.next();
  await pollard.down();
  board.change();
  await pollard.up();
  await expect('disconnect', 'welcome', 'confirm_subscription', 'reject_history', 'message');
  assert.deepEqual((await messages.next()).told.body, { text: board.text });
}));

test('@anycable/core with the protocol of Rails is told the same', inLab(async (lab) => {
  const { board, relay, url } = await openSite(lab);
  const { messages } = subscribe(lab, url, board.poll, { protocol: 'actioncable-v1-json' });
  await messages.next();
  relay.cut();
  board.change();
  assert.deepEqual((await messages.next()).told.body, { text: board.text });
}));

test('@anycable/core with a token among its subprotocols is not sent it back', inLab(async (lab) => {
  const { board, url } = await openSite(lab);
  const { cable, messages } = subscribe(lab, url, board.poll, {
    protocol: 'actioncable-v1-json', websocketAuthStrategy: 'sub-protocol', auth: { token: 'secret' },
  });
  await messages.next();
  assert.equal(/** @type {any} */ (cable.transport).ws.protocol, 'actioncable-v1-json');
}));

test('@anycable/core is rejected where there is nothing to watch', inLab(async (lab) => {
  const { url } = await openSite(lab);
  const { channel } = subscribe(lab, url, '/nowhere/changes');
  const why = await new Promise((resolve) => { channel.on('close', resolve); });
  assert.equal(why.name, 'SubscriptionRejectedError');
}));

test('@anycable/core stays away when the session is lost', inLab(async (lab) => {
  const { board, url } = await openSite(lab);
  const { cable, messages } = subscribe(lab, url, board.poll);
  await messages.next();
  board.status = 401;
  const closed = new Promise((resolve) => { cable.on('close', resolve); });
  assert.deepEqual((await messages.next()).told, { type: 'end', status: 401, reconnect: false });
  assert.equal((await closed).reason, 'unauthorized');
}));
