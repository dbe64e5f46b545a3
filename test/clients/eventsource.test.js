import assert from 'node:assert/strict';
import test from 'node:test';

import { EventSource } from 'eventsource';

import { inLab } from '../browser/lab/lab.js';
import { Inbox } from './lab/inbox.js';
import { cookie } from './lab/page.js';
import { openSite } from './lab/site.js';

/**
 * Opens an event stream as a page does, and takes note of what the stream tells.
 * @param {import('../browser/lab/lab.js').Lab} lab
 * @param {string} site
 * @param {string} path
 */
function open(lab, site, path) {
  /** @type {(string | undefined)[]} what each request said that the client has */
  const asked = [];
  const source = new EventSource(site + path, {
    fetch: (url, init) => {
      asked.push(init.headers['Last-Event-ID']);
      return fetch(url, { ...init, headers: { ...init.headers, Cookie: cookie } });
    },
  });
  lab.defer(() => source.close());
  /** @type {Inbox<{event: string, id: string, data: any}>} */
  const inbox = new Inbox();
  for (const event of ['document', 'changed', 'end']) {
    source.addEventListener(event, ({ lastEventId, data }) => inbox.put({ event, id: lastEventId, data: JSON.parse(data) }));
  }
  return { source, inbox, asked };
}

test('EventSource is told the current state, and each change', inLab(async (lab) => {
  const { board, url } = await openSite(lab);
  const { inbox } = open(lab, url, board.poll);
  for (let i = 0; i < 3; i += 1) {
    assert.deepEqual(await inbox.next(), { event: 'document', id: board.tag, data: { text: board.text } });
    board.change();
  }
}));

test('EventSource comes back with what it has, and is told only what is new', inLab(async (lab) => {
  const { board, relay, url } = await openSite(lab);
  const { source, inbox, asked } = open(lab, url, board.poll);
  await inbox.next();
  const has = board.tag;
  const opened = new Promise((resolve) => { source.addEventListener('open', resolve); });
  relay.cut();
  await opened;
  assert.deepEqual(asked, [undefined, has]);
  board.change();
  assert.deepEqual(await inbox.next(), { event: 'document', id: board.tag, data: { text: board.text } });
}));

test('EventSource comes back after a restart, to the state of then', inLab(async (lab) => {
  const { board, pollard, url } = await openSite(lab);
  const { inbox } = open(lab, url, board.poll);
  await inbox.next();
  await pollard.down();
  const { event, data } = await inbox.next();
  assert.equal(event, 'end');
  assert.deepEqual(data, { status: 503, reconnect: true });
  board.change();
  await pollard.up();
  assert.deepEqual(await inbox.next(), { event: 'document', id: board.tag, data: { text: board.text } });
}));

test('EventSource is told how it ends', inLab(async (lab) => {
  const { board, url } = await openSite(lab);
  const { inbox } = open(lab, url, board.poll);
  await inbox.next();
  board.status = 404;
  const { event, data } = await inbox.next();
  assert.equal(event, 'end');
  assert.deepEqual(data, { status: 404, reconnect: false });
}));

test('EventSource gives up where there is nothing to watch', inLab(async (lab) => {
  const { board, url } = await openSite(lab);
  board.status = 403;
  const { source } = open(lab, url, board.poll);
  const { code } = await new Promise((resolve) => { source.addEventListener('error', resolve); });
  assert.equal(code, 403);
  assert.equal(source.readyState, EventSource.CLOSED);
}));
