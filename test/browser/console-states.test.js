import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { open, serveRoutes, until } from './lab/console.js';
import { inLab } from './lab/lab.js';
import { Origin } from './lab/origin.js';
import { serve, temporaryFolder } from './lab/pollard.js';

const day = 86_400_000;

/**
 * Polls a document in turn as each of some people.
 * @param {string} url
 * @param {number} people
 */
async function pollAs(url, people) {
  for (let from = 0; from < people; from += 20) {
    await Promise.all(Array.from({ length: Math.min(20, people - from) }, async (_, i) => {
      const answer = await fetch(url, { headers: { Cookie: `sid=${from + i}` } });
      await answer.arrayBuffer();
    }));
  }
}

/** @param {import('playwright-core').Page} page the text of the row of a route in the table */
function row(page, /** @type {string} */ name) {
  return page.locator('.routes tbody tr', { hasText: name });
}

test('what last happened to a document is told', inLab(async (lab) => {
  let version = 1;
  const origin = await Origin.start(lab, {
    'GET /d/1': (request, answer) => {
      const tag = `"v${version}"`;
      const isSame = request.headers['if-none-match'] === tag;
      answer.writeHead(isSame ? 304 : 200, { ETag: tag, 'Content-Type': 'application/json' }).end(isSame ? undefined : `${version}`);
    },
  });
  const pollard = await serve(lab, origin.url, { routes: [{ name: 'polled', path: '/d/*', stage: 'coalesce', interval: '1h' }] });
  const poll = () => fetch(`${pollard.url}/d/1`);
  const touch = () => fetch(`${pollard.admin}/api/v1/touch`, { method: 'POST', body: JSON.stringify({ paths: ['/d/1'] }) });
  await poll();
  version = 2;
  await touch();
  await poll(); // may be given the old while the call that the touch caused is put off
  const { page, complaints } = await open(lab, `${pollard.admin}`);
  await page.click('nav >> text=Explain');
  await page.fill('#url', '/d/1');
  const events = page.locator('.events tbody tr');
  await page.click('button:text-is("Explain")');
  await events.filter({ hasText: 'first' }).filter({ hasText: '"v1"' }).filter({ hasText: 'poll' }).waitFor();
  await events.filter({ hasText: 'touch' }).first().waitFor();
  const changed = events.filter({ hasText: 'changed' }).filter({ hasText: '"v2"' });
  await until(async () => {
    await page.click('button:text-is("Explain")');
    return changed.count();
  });
  assert.match(await events.first().textContent() ?? '', /"v2"/, 'the newest comes first');
  await page.waitForSelector('p.why:has-text("Document ")');
  assert.match(await page.locator('.events time').first().getAttribute('datetime') ?? '', /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(complaints, []);
}));

test('a move is planned, waits for its time, and is dropped', inLab(async (lab) => {
  const pollard = await serveRoutes(lab, 2);
  const { page, complaints } = await open(lab, `${pollard.admin}`);
  await page.click('text=route_001');
  await page.click('.steps button:has-text("25 %")');
  await page.fill('.at input', '2099-12-31T15:00');
  await page.click('button:text-is("Move …")');
  await page.waitForSelector('dialog >> text=At 31 Dec 2099');
  await page.fill('dialog [name=why]', 'after the release');
  await page.click('dialog button:text-is("Plan")');
  await page.waitForSelector('dialog', { state: 'detached' }); // the answer is there, which the news of the plan may overtake
  await page.waitForSelector('.planned:has-text("Planned: push 25"):has-text("31 Dec 2099"):has-text("after the release")');
  await page.waitForSelector('.audit li:has-text("push 50% → push 25% at 2099-12-31")');
  assert.equal(await page.inputValue('.at input'), '', 'the next move is not planned unless that is said');
  assert.equal(/** @type {any} */ ((await pollard.routes())[1]).percent, 50);

  await page.click('nav >> text=Routes');
  await row(page, 'route_001').locator('.tag.warn:text-is("planned")').waitFor();
  await page.fill('input[type=search]', 'planned');
  await page.waitForFunction(() => document.querySelectorAll('.routes tbody tr').length === 1);
  await page.click('text=route_001');
  await page.click('button:text-is("Drop the plan …")');
  await page.click('dialog button:text-is("Drop")');
  await page.waitForSelector('.planned', { state: 'detached' });
  assert.equal(/** @type {any} */ ((await pollard.routes())[1]).planned, undefined);

  await page.click('.steps button:has-text("5 %") >> nth=0');
  await page.fill('.at input', '2001-01-01T00:00');
  await page.click('button:text-is("Move …")');
  await page.click('dialog button:text-is("Plan")');
  await page.waitForSelector('dialog .bad:has-text("has passed")');
  assert.deepEqual(complaints.filter((c) => !c.includes('400')), []);
}));

test('a plan is carried out at its time, and gone', inLab(async (lab) => {
  const pollard = await serveRoutes(lab, 2);
  const { page } = await open(lab, `${pollard.admin}/#/routes/route_001`);
  const at = new Date(Date.now() + 4000).toISOString();
  const answer = await fetch(`${pollard.admin}/api/v1/routes/route_001`, { method: 'PUT', body: JSON.stringify({ percent: 75, at, why: 'at tea time' }) });
  assert.equal(answer.status, 200);
  await page.waitForSelector('.notice.warn:has-text("It was moved."):has-text("at tea time")');
  assert.equal(await page.locator('.planned').count(), 0);
  assert.equal(await page.inputValue('#percent'), '75');
}));

test('what is pushed to everybody for a month can be retired', inLab(async (lab) => {
  const state = await temporaryFolder(lab);
  const standings = { old: { stage: 'push', percent: 100, since: new Date(Date.now() - 31 * day).toISOString() } };
  await writeFile(join(state, 'rollout.json'), JSON.stringify({ version: 1, saved: 1, routes: {}, standings }));
  const routes = [{ name: 'old', path: '/old/*', stage: 'push' }, { name: 'new', path: '/new/*', stage: 'push' }];
  const pollard = await serveRoutes(lab, 0, { state, routes });
  const { page, complaints } = await open(lab, pollard.admin);
  await row(page, '/old/').locator('.tag.good:text-is("retirable")').waitFor();
  assert.equal(await row(page, '/new/').locator('.tag:text-is("retirable")').count(), 0);
  await page.click('.c-route >> text=old');
  await page.waitForSelector('h2:has-text("Pushed to everybody for 31 days: what can go now")');
  await page.waitForSelector('li:has-text("the poll code")');
  assert.deepEqual(complaints, []);
}));

test('the reduction is compared with the holdout once enough is known', inLab(async (lab) => {
  const origin = await Origin.start(lab, { 'GET /d/1': (_, answer) => answer.writeHead(200, { ETag: '"v1"' }).end('{}') });
  const routes = [{ name: 'board', path: '/d/*', stage: 'coalesce', interval: '1h', holdout: 50, actor_cookie: 'sid', check: 0 }];
  const pollard = await serve(lab, origin.url, { secret: '0123456789abcdef', routes });
  const { page, complaints } = await open(lab, `${pollard.admin}`);
  assert.equal(await page.textContent('td.c-compared'), '–');
  for (let round = 0; round < 4; round += 1) await pollAs(`${pollard.url}/d/1`, 600);
  await page.waitForFunction(() => /^−\d+\.\d/.test(document.querySelector('td.c-compared')?.textContent ?? ''));
  await page.click('.c-route >> text=board');
  await page.waitForSelector('.figures div:has-text("compared with holdout"):has-text("95 % sure")');
  assert.deepEqual(complaints, []);
}));

test('a route that a guard steps down is said to have failed, and why', inLab(async (lab) => {
  const origin = await Origin.start(lab, { // what differs by who asks, and says that it does not
    'GET /d/1': (request, answer) => answer.writeHead(200, { ETag: '"v1"', 'Cache-Control': 'max-age=0' }).end(`for ${request.headers.cookie}`),
  });
  const routes = [{ name: 'board', path: '/d/*', stage: 'coalesce', percent: 50, interval: '300ms', min_interval: '100ms', share: 'everything', actor_cookie: 'sid', check: 100 }];
  const pollard = await serve(lab, origin.url, { routes });
  const { page, complaints } = await open(lab, `${pollard.admin}`);
  const fallen = row(page, 'board').locator('.c-guard .tag.bad:text-is("fail")');
  await until(async () => {
    await pollAs(`${pollard.url}/d/1`, 60);
    return fallen.count();
  });
  await page.fill('input[type=search]', 'fail');
  await page.click('.c-route >> text=board');
  await page.waitForSelector('.notice.bad:has-text("A guard stepped it down. It stays there until a person moves it.")');
  await page.waitForSelector('.audit li:has-text("coalesce 50% → observe 100%")');
  assert.deepEqual(complaints, []);
}));

test('the age of what was served is drawn over the last hour', inLab(async (lab) => {
  const origin = await Origin.start(lab, { 'GET /d/1': (_, answer) => answer.writeHead(200, { ETag: '"v1"' }).end('{}') });
  const pollard = await serve(lab, origin.url, { routes: [{ name: 'board', path: '/d/*', stage: 'coalesce', interval: '1h' }] });
  const { page, complaints } = await open(lab, `${pollard.admin}/#/routes/board`);
  const chart = page.locator('figure.chart', { hasText: 'Age of what was served' });
  await until(async () => { // two slots of ten seconds have to end
    await pollAs(`${pollard.url}/d/1`, 1);
    return chart.locator('canvas').count();
  });
  assert.match(await chart.locator('[role=img]').getAttribute('aria-label') ?? '', /newest: p50 \d.*s, p99 \d.*s$/);
  const { staleness_p50_s: ages } = await (await fetch(`${pollard.admin}/api/v1/history?route=board`)).json();
  assert.ok(ages.length >= 2 && ages.at(-1) >= 0, `ages ${ages}`);
  assert.deepEqual(complaints, []);
}));

test('the past of a route that a reload brings begins with the reload', inLab(async (lab) => {
  const pollard = await serveRoutes(lab, 1);
  const { page, complaints } = await open(lab, pollard.admin);
  await until(async () => (await (await fetch(`${pollard.admin}/api/v1/history?route=route_000`)).json()).ends.length); // a slot in which the route is not
  const before = Date.now() / 1000;
  await pollard.reroute([{ name: 'route_000', path: '/0/*', stage: 'coalesce' }, { name: 'late', path: '/late/*', stage: 'coalesce' }]);
  await page.goto(`${pollard.admin}/#/routes/late`);
  await page.waitForSelector('.figures div:has-text("of 0 polls")');
  await fetch(`${pollard.url}/late/board`);
  await page.waitForSelector('.figures div:has-text("of 1 polls")');
  const past = await until(async () => {
    const told = await (await fetch(`${pollard.admin}/api/v1/history?route=late`)).json();
    return told.ends.length > 0 && told;
  });
  assert.ok(past.ends[0] - past.seconds[0] > before - 1, 'nothing is told of the time before');
  assert.equal(/** @type {number[][]} */ (Object.values(past.outcomes)).reduce((sum, [n]) => sum + n, 0), 1, 'the poll that came before its first slot is in it');
  assert.deepEqual(complaints, []);
}));
