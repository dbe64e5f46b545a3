import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import newest from '@rails/actioncable';
import old from 'actioncable-7.1';

import { inLab } from '../browser/lab/lab.js';
import { Inbox } from './lab/inbox.js';
import { cableOf, PageSocket } from './lab/page.js';
import { openSite } from './lab/site.js';

/** Before 7.2, nothing but a ping tells the client that its connection lives. */
const clients = { '@rails/actioncable 8.1': newest, '@rails/actioncable 7.1': old };

for (const client of Object.values(clients)) client.adapters.WebSocket = PageSocket;

/**
 * Subscribes as a page does, and takes note of what its subscription is told.
 * @param {import('../browser/lab/lab.js').Lab} lab
 * @param {any} client
 * @param {string} site
 * @param {string} path
 */
function subscribe(lab, client, site, path) {
  const consumer = client.createConsumer(cableOf(site));
  lab.defer(() => consumer.disconnect());
  /** @type {Inbox<{event: string, told?: any}>} */
  const inbox = new Inbox();
  const note = (/** @type {string} */ event) => (/** @type {any} */ told) => inbox.put({ event, told });
  const subscription = consumer.subscriptions.create({ channel: 'PollChannel', path }, {
    connected: note('connected'), disconnected: note('disconnected'), rejected: note('rejected'), received: note('received'),
  });
  const texts = async () => (await inbox.until(({ event }) => event === 'received')).told.body.text;
  return { inbox, consumer, subscription, texts };
}

for (const [name, client] of Object.entries(clients)) describe(name, { concurrency: true }, () => {
  test('it is told the current state, and each change', inLab(async (lab) => {
    const { board, url } = await openSite(lab);
    const { inbox } = subscribe(lab, client, url, board.poll);
    assert.equal((await inbox.next()).event, 'connected');
    for (let i = 0; i < 3; i += 1) {
      const { event, told } = await inbox.next();
      assert.equal(event, 'received');
      assert.equal(told.type, 'document');
      assert.equal(told.status, 200);
      assert.equal(told.etag, board.tag);
      assert.equal(told.headers['Poll-Interval'], String(board.interval));
      assert.deepEqual(told.body, { text: board.text });
      board.change();
    }
  }));

  test('it is rejected where there is nothing to watch', inLab(async (lab) => {
    const { url } = await openSite(lab);
    for (const path of ['/nowhere/changes', '/on/no/route', '//elsewhere.test/board/changes', '/board/../board/changes']) {
      const { inbox } = subscribe(lab, client, url, path);
      assert.equal((await inbox.next()).event, 'rejected', path);
    }
  }));

  test('it takes no live connection for dead', inLab(async (lab) => {
    const { board, url } = await openSite(lab);
    const { inbox, texts } = subscribe(lab, client, url, board.poll);
    await texts();
    const began = Date.now();
    while (Date.now() - began < 14_000) {
      await pause(900);
      board.change();
      assert.equal(await texts(), board.text);
    }
    assert.equal(inbox.size, 0);
    assert.equal(PageSocket.count(url + '/-/pollard/cable'), 1);
  }));

  test('it comes back after a restart, to the state of then', inLab(async (lab) => {
    const { board, pollard, url } = await openSite(lab);
    const { inbox, texts } = subscribe(lab, client, url, board.poll);
    await texts();
    await pollard.down();
    assert.deepEqual(await inbox.next(), { event: 'disconnected', told: { willAttemptReconnect: true } });
    board.change();
    await pollard.up();
    assert.deepEqual(await inbox.next(), { event: 'connected', told: { reconnected: true } });
    assert.equal(await texts(), board.text);
  }));

  test('it comes back when its connection is lost', inLab(async (lab) => {
    const { board, relay, url } = await openSite(lab);
    const { inbox, texts } = subscribe(lab, client, url, board.poll);
    await texts();
    relay.cut();
    assert.equal((await inbox.next()).event, 'disconnected');
    board.change();
    assert.equal((await inbox.next()).event, 'connected');
    assert.equal(await texts(), board.text);
  }));

  test('it stays away when the session is lost', inLab(async (lab) => {
    const { board, url } = await openSite(lab);
    const { inbox, texts } = subscribe(lab, client, url, board.poll);
    await texts();
    board.status = 401;
    const last = await inbox.next();
    assert.deepEqual(last, { event: 'received', told: { type: 'end', status: 401, reconnect: false } });
    assert.deepEqual(await inbox.next(), { event: 'disconnected', told: { willAttemptReconnect: false } });
  }));

  test('it leaves, and upstream is asked no more', inLab(async (lab) => {
    const { board, origin, pollard, url } = await openSite(lab);
    const { texts, subscription } = subscribe(lab, client, url, board.poll);
    await texts();
    assert.equal(await pollard.watchers('actioncable'), 1);
    subscription.unsubscribe();
    while (await pollard.watchers('actioncable') > 0) await pause(20);
    await pause(board.interval);
    const asked = origin.calls.length;
    await pause(5 * board.interval);
    assert.equal(origin.calls.length, asked);
  }));
});
