import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';

import { WebSocket as AnySocket } from 'ws';

import { inLab } from '../browser/lab/lab.js';
import { Inbox } from './lab/inbox.js';
import { cookie, PageSocket } from './lab/page.js';
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

/**
 * How an upgrade is answered that is refused.
 * @param {import('ws').WebSocket} socket
 */
async function refusal(socket) {
  const [, answer] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const chunk of answer) body += chunk;
  return { status: answer.statusCode, body };
}

test("ws is refused with upstream's status, and nothing of its body", inLab(async (lab) => {
  const { board, url } = await openSite(lab);
  board.status = 403;
  assert.deepEqual(await refusal(new PageSocket(url.replace('http', 'ws') + board.poll)), { status: 403, body: '' });
}));

test('ws on the page of another site is refused before upstream is asked', inLab(async (lab) => {
  const { board, origin, url } = await openSite(lab);
  for (const path of [board.poll, '/-/pollard/cable']) {
    for (const foreign of ['http://elsewhere.test', 'null', undefined]) {
      const socket = new AnySocket(url.replace('http', 'ws') + path, ['actioncable-v1-json'], { origin: foreign, headers: { Cookie: cookie } });
      assert.equal((await refusal(socket)).status, 403, `${path} from ${foreign}`);
    }
  }
  assert.deepEqual(origin.calls, []);
}));
