import assert from 'node:assert/strict';
import test from 'node:test';

import { inLab } from '../browser/lab/lab.js';
import { Inbox } from './lab/inbox.js';
import { cookie } from './lab/page.js';
import { openSite } from './lab/site.js';

/**
 * Opens Node's own WebSocket, which takes fields for want of a page.
 * @param {import('../browser/lab/lab.js').Lab} lab
 * @param {string} site
 * @param {string} path
 * @param {string[]} [protocols]
 */
function open(lab, site, path, protocols = []) {
  const socket = new WebSocket(site.replace(/^http/, 'ws') + path, /** @type {any} */ ({ protocols, headers: { Origin: site, Cookie: cookie } }));
  lab.defer(() => socket.close());
  /** @type {Inbox<string>} */
  const inbox = new Inbox();
  const closed = new Promise((resolve) => { socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason })); });
  socket.addEventListener('message', ({ data }) => inbox.put(data));
  return { socket, inbox, closed };
}

test("Node's WebSocket is told the bodies", inLab(async (lab) => {
  const { board, url } = await openSite(lab);
  const { inbox } = open(lab, url, board.poll);
  for (let i = 0; i < 3; i += 1) {
    assert.equal(await inbox.next(), JSON.stringify({ text: board.text }));
    board.change();
  }
}));

test("Node's WebSocket with pollard.v1 is told documents, and how it ends", inLab(async (lab) => {
  const { board, url } = await openSite(lab);
  const { socket, inbox, closed } = open(lab, url, board.poll, ['pollard.v1']);
  const first = JSON.parse(await inbox.next());
  assert.equal(socket.protocol, 'pollard.v1');
  assert.equal(first.type, 'document');
  assert.equal(first.etag, board.tag);
  assert.deepEqual(first.body, { text: board.text });
  board.status = 403;
  assert.deepEqual(JSON.parse(await inbox.next()), { type: 'end', status: 403, reconnect: false });
  assert.deepEqual(await closed, { code: 4403, reason: '' });
}));

test("Node's WebSocket with pollard.v1 says what it has, and is told only what is new", inLab(async (lab) => {
  const { board, url } = await openSite(lab);
  const { socket, inbox } = open(lab, url, board.poll, ['pollard.v1']);
  const has = board.tag;
  socket.addEventListener('open', () => socket.send(JSON.stringify({ type: 'have', etag: has })));
  setTimeout(() => board.change(), 1500);
  assert.deepEqual(JSON.parse(await inbox.next()).body, { text: 'version 2 of /board' });
}));

test("Node's WebSocket is told when to come back after a restart", inLab(async (lab) => {
  const { board, pollard, url } = await openSite(lab);
  const { inbox, closed } = open(lab, url, board.poll);
  await inbox.next();
  await pollard.down();
  const { code, reason } = await closed;
  assert.equal(code, 1012);
  assert.ok(JSON.parse(reason).after_ms >= 0, reason);
}));

test("Node's WebSocket is refused where there is nothing to watch", inLab(async (lab) => {
  const { board, url } = await openSite(lab);
  board.status = 403;
  const { socket, inbox } = open(lab, url, board.poll);
  await new Promise((resolve) => { socket.addEventListener('error', resolve); });
  assert.equal(socket.readyState, WebSocket.CLOSED);
  assert.equal(inbox.size, 0);
}));
