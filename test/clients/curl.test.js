import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { inLab } from '../browser/lab/lab.js';
import { cookie } from './lab/page.js';
import { openSite } from './lab/site.js';

/**
 * Asks with curl, which waits as long as it takes.
 * @param {string} url
 * @param {Record<string, string>} fields
 */
async function curl(url, fields) {
  const lines = Object.entries({ Cookie: cookie, ...fields }).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const { stdout } = await promisify(execFile)('curl', ['-sS', '-i', '--http1.1', ...lines, url]);
  const [head, body] = stdout.split('\r\n\r\n');
  const [status, ...rest] = head.split('\r\n');
  const header = new Headers(rest.map((line) => /** @type {[string, string]} */ (line.split(/: (.*)/s).slice(0, 2))));
  return { status: Number(status.split(' ')[1]), header, body };
}

test('curl waits for what is new', inLab(async (lab) => {
  const { board, url } = await openSite(lab);
  const first = await curl(url + board.poll, {});
  assert.equal(first.status, 200);
  assert.equal(first.header.get('ETag'), board.tag);

  const asked = curl(url + board.poll, { Prefer: 'wait=30', 'If-None-Match': board.tag });
  const early = await Promise.race([asked, pause(1500)]);
  assert.equal(early, undefined);
  board.change();
  const answer = await asked;
  assert.equal(answer.status, 200);
  assert.equal(answer.header.get('Preference-Applied'), 'wait=30');
  assert.equal(answer.header.get('ETag'), board.tag);
  assert.equal(answer.body, JSON.stringify({ text: board.text }));
}));

test('curl is told that nothing is new when it has waited long enough', inLab(async (lab) => {
  const { board, url } = await openSite(lab);
  await curl(url + board.poll, {});
  const began = Date.now();
  const answer = await curl(url + board.poll, { Prefer: 'wait=2', 'If-None-Match': board.tag });
  assert.equal(answer.status, 304);
  assert.equal(answer.header.get('Preference-Applied'), 'wait=2');
  assert.ok(Date.now() - began >= 2000);
}));

test('curl without a tag is not kept waiting', inLab(async (lab) => {
  const { board, url } = await openSite(lab);
  assert.equal((await curl(url + board.poll, { Prefer: 'wait=30' })).status, 200);
}));
