import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';

import { open, serveRoutes } from './lab/console.js';
import { ForwardedPort } from './lab/forwardedport.js';
import { inLab } from './lab/lab.js';
import { Origin } from './lab/origin.js';
import { serve, startDemo, temporaryFolder } from './lab/pollard.js';
import { Redis } from './lab/redis.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** @typedef {import('playwright-core').Page} Page */

/** @param {Page} page the texts of a column, from the top */
function column(page, /** @type {string} */ selector) {
  return page.locator(`.routes tbody ${selector}`).allTextContents();
}

test('the console shows what happens while it happens, and asks nobody but its instance', inLab(async (lab) => {
  const demo = await startDemo(lab, 100, 'push');
  const { page, complaints } = await open(lab, demo.admin);
  await page.waitForSelector('.status.good');
  await page.waitForFunction(() => /calls a day would have reached the fleet; .* did: [−+±]/.test(document.querySelector('.hero h1')?.textContent ?? ''));
  const polls = () => page.textContent('.figures div:nth-child(1) b');
  const before = await polls();
  await page.waitForFunction((was) => document.querySelector('.figures div:nth-child(1) b')?.textContent !== was, before);
  await page.waitForFunction(() => Number(document.querySelector('.figures div:nth-child(4) b')?.textContent) > 0); // watchers
  await page.click('text=issue_realtime_changes');
  await page.waitForSelector('h1:text("issue_realtime_changes")');
  await page.waitForSelector('.uplot canvas'); // once two slots are over
  await page.waitForSelector('.shares th:text-is("hit")');
  await page.waitForSelector('.guards li');
  assert.deepEqual(complaints, []);
}));

test('the kill switch asks once, and revives', inLab(async (lab) => {
  const pollard = await serveRoutes(lab, 2);
  const { page, complaints } = await open(lab, pollard.admin);
  const isKilled = async () => (await pollard.routes()).every((r) => /** @type {any} */ (r).killed === true);
  await page.click('button:text-is("Kill switch")');
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal(await isKilled(), false, 'Escape is no consent');

  await page.focus('button:text-is("Kill switch")');
  await page.keyboard.press('Enter');
  await page.fill('dialog [name=why]', 'a drill');
  await page.fill('dialog [name=who]', 'Zoë');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.notice.bad:has-text("every poll passes through")');
  assert.equal(await isKilled(), true);
  assert.match(await page.textContent('.notice.bad') ?? '', /Zoe \(127\.0\.0\.1, no token\).*: a drill/s);
  assert.deepEqual(await column(page, '.tag.bad:text-is("killed")'), ['killed', 'killed']);

  await page.click('button:text-is("Revive")');
  await page.click('dialog button:text-is("Revive")');
  await page.waitForSelector('button:text-is("Kill switch")');
  assert.equal(await isKilled(), false);
  assert.deepEqual(complaints, []);
}));

test('a route is moved on the ladder once it was said what will happen', inLab(async (lab) => {
  const pollard = await serveRoutes(lab, 2);
  const { page, complaints } = await open(lab, `${pollard.admin}`);
  await page.click('text=route_001');
  assert.equal(await page.isDisabled('button:text-is("Move …")'), true);
  await page.check('input[name=stage] >> nth=3');
  await page.click('.steps button:has-text("25 %")');
  await page.waitForSelector('text=From push 50');
  await page.click('button:text-is("Undo")');
  assert.equal(await page.inputValue('input[type=number]'), '50');
  await page.focus('#percent');
  for (let i = 0; i < 3; i += 1) await page.keyboard.press('ArrowRight');
  assert.equal(await page.inputValue('input[type=number]'), '53');
  await page.fill('input[type=number]', '12.345');
  await page.click('button:text-is("Move …")');
  assert.match(await page.textContent('dialog') ?? '', /12\.345\s%.*stand at push, always the same ones; the others at coalesce\..*sockets/s);
  await page.fill('dialog [name=why]', 'slowly');
  await page.click('dialog button:text-is("Move")');
  await page.waitForSelector('.notice.warn:has-text("It was moved.")');
  await page.waitForSelector('.audit li:has-text("push 50% → push 12.345%"):has-text("slowly")');
  const moved = (await pollard.routes()).find((r) => r.name === 'route_001');
  assert.equal(/** @type {any} */ (moved).percent, 12.345);
  await page.click('nav >> text=Audit');
  await page.waitForSelector('.audit li:has-text("route_001")');
  assert.deepEqual(complaints, []);
}));

test('a link is followed that is clicked while the page is drawn for the first time', inLab(async (lab) => {
  const pollard = await serveRoutes(lab, 1);
  const { page } = await open(lab, pollard.admin);
  await page.addInitScript(() => new MutationObserver((_, all) => {
    if (!document.querySelector('nav')) return;
    all.disconnect();
    location.hash = '#/explain';
  }).observe(document, { subtree: true, childList: true }));
  await page.reload();
  await page.waitForSelector('#url');
}));

test('a URL is explained', inLab(async (lab) => {
  const pollard = await serveRoutes(lab, 2);
  const { page } = await open(lab, pollard.admin);
  await page.click('nav >> text=Explain');
  await page.fill('#url', 'https://example.com/0/board');
  await page.keyboard.press('Enter');
  await page.waitForSelector('p.told:has-text("It is coalesced: at most one call per interval")');
  await page.fill('#url', '/nothing');
  await page.click('button:text-is("Explain")');
  await page.waitForSelector('p.told:has-text("no route matches")');
  await page.fill('#url', 'nonsense');
  await page.click('button:text-is("Explain")');
  await page.waitForSelector('p.bad:has-text("neither an absolute URL nor a path")');
}));

test('what is polled and no route yet is found, with lines to paste', inLab(async (lab) => {
  let version = 1;
  const origin = await Origin.start(lab, { 'GET /boards/7/changes.json': (_, answer) => answer.writeHead(200, { ETag: `"${version}"`, 'Content-Type': 'application/json' }).end('{}') });
  const pollard = await serve(lab, origin.url, {});
  const { page } = await open(lab, pollard.admin, { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.waitForSelector('h1:text("There are no routes yet.")');
  await page.click('nav >> text=Found');
  await page.waitForSelector('text=None. Whatever is polled');
  for (let round = 0; round < 12; round += 1) {
    for (let person = 0; person < 20; person += 1) {
      await fetch(`${pollard.url}/boards/7/changes.json`, { headers: { 'X-Requested-With': 'XMLHttpRequest', Cookie: `sid=${person}` } });
    }
    if (round % 4 === 0) version += 1;
    await new Promise((resolve) => setTimeout(resolve, 700)); // the pace that a page keeps
  }
  await page.click('button:text-is("Look again")');
  await page.waitForSelector('.found pre:has-text("path:")');
  await page.click('.paste button');
  await page.waitForSelector('button:text-is("Copied")');
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^routes:\n  - name: \w+\n    path: "\/boards\//);
}));

test('200 routes are filtered and sorted, and only what changes in sight is drawn', inLab(async (lab, t) => {
  const pollard = await serveRoutes(lab, 200);
  const { page, complaints } = await open(lab, pollard.admin);
  await page.waitForFunction(() => document.querySelectorAll('.routes tbody tr').length === 200);
  await page.keyboard.press('/');
  await page.keyboard.type('route_01');
  await page.waitForFunction(() => document.querySelectorAll('.routes tbody tr').length === 10);
  await page.fill('input[type=search]', '');
  await page.click('thead button:has-text("Route")');
  await page.click('thead button:has-text("Route")');
  await page.waitForSelector('th[aria-sort=descending] >> text=Route');
  assert.equal((await column(page, '.c-route a'))[0], 'route_199');
  await fetch(`${pollard.url}/199/board`); // one route is polled
  await page.waitForFunction(() => [...document.querySelectorAll('.routes tbody tr')].some((r) => r.querySelector('.c-measured')?.textContent !== '–'));
  const idle = await drawn(page);
  assert.ok(idle.rows.length <= 1, `drawn anew: ${idle.rows}`);
  const busy = drawn(page);
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(Array.from({ length: 200 }, (_, i) => fetch(`${pollard.url}/${i}/board`)));
    await page.waitForTimeout(700);
  }
  const { rows, longest, frames } = await busy;
  assert.ok(rows.length > 0 && rows.length < 60, `${rows.length} rows drawn, most of them unseen`);
  await page.locator('.routes tbody tr').last().scrollIntoViewIfNeeded();
  await page.waitForFunction(() => document.querySelector('.routes tbody tr:last-child .c-measured')?.textContent !== '–');
  t.diagnostic(`while all 200 routes changed, ${frames} frames in 5 s; the longest task took ${longest} ms (0: none over 50 ms)`);
  assert.deepEqual(complaints, []);
}));

/**
 * Looks on for five seconds, and returns which rows were drawn anew but for sparklines, of which there is another every ten seconds, how many frames there were and how long the longest task took, in
 * milliseconds; 0 is less than 50.
 * @param {Page} page
 */
function drawn(page) {
  return page.evaluate(async () => {
    const rows = new Set();
    let longest = 0;
    let frames = 0;
    const tasks = new PerformanceObserver((list) => list.getEntries().forEach((e) => { longest = Math.max(longest, e.duration); }));
    tasks.observe({ type: 'longtask' });
    const changes = new MutationObserver((all) => all.forEach((m) => {
      const at = m.target.parentElement ?? /** @type {Element} */ (m.target);
      if (!at.closest('.c-spark')) rows.add(at.closest('tr')?.querySelector('a')?.textContent);
    }));
    changes.observe(/** @type {Node} */ (document.querySelector('.routes tbody')), { subtree: true, childList: true, characterData: true, attributes: true });
    const end = performance.now() + 5000;
    while (performance.now() < end) {
      await new Promise(requestAnimationFrame);
      frames += 1;
    }
    changes.disconnect();
    tasks.disconnect();
    return { rows: [...rows], longest, frames };
  });
}

test('a token is asked for where one is needed, and the wrong one is refused', inLab(async (lab) => {
  const pollard = await serveRoutes(lab, 1, { admin_token: 'changes-things', admin_read_token: 'may-look' });
  const { page } = await open(lab, pollard.admin);
  await page.waitForSelector('text=The instance asks for a token.');
  await page.fill('[name=token]', 'wrong');
  await page.click('button:text-is("Use it")');
  await page.waitForSelector('text=The instance does not take this token.');
  await page.fill('[name=token]', 'may-look');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.routes >> text=route_000');
  await page.reload();
  await page.waitForSelector('.routes >> text=route_000'); // it is remembered
  await page.click('button:text-is("Kill switch")');
  await page.click('dialog button:text-is("Kill")');
  await page.waitForSelector('dialog >> text=does not take this token for changes');
  await page.fill('dialog [name=token]', 'changes-things');
  await page.click('dialog button:text-is("Kill")');
  await page.waitForSelector('button:text-is("Revive")');
  assert.equal(await page.evaluate(() => localStorage.length), 0);
}));

test('the console says when its instance is gone, restarted, or of another build', inLab(async (lab) => {
  const first = await serveRoutes(lab, 1);
  const port = await ForwardedPort.start(lab, first.admin);
  const { page } = await open(lab, port.url);
  await page.waitForSelector('.status.good');
  for (let i = 0; i < 20; i += 1) await fetch(`${first.url}/0/board`);
  await page.waitForFunction(() => Number(document.querySelector('.figures b')?.textContent) > 0);

  port.target = '';
  port.cut();
  await page.waitForSelector('.notice.bad:has-text("The instance is gone.")');
  await page.waitForSelector('.status.bad >> text=no connection');
  assert.equal(await page.isDisabled('button:text-is("Kill switch")'), true);

  const second = await serveRoutes(lab, 1);
  port.target = second.admin;
  await page.waitForSelector('.notice.warn:has-text("The instance has restarted")');
  await page.waitForSelector('.status.good');
  for (let i = 0; i < 5; i += 1) {
    const shown = await page.textContent('.figures') ?? '';
    assert.doesNotMatch(shown, /−|NaN|Infinity|undefined/, 'a rate below nothing');
    await page.waitForTimeout(300);
  }

  port.rewrite = (text) => text.replace(/"build":"[^"]*"/, '"build":"of-tomorrow"');
  await page.waitForSelector('.notice.warn:has-text("Pollard was upgraded.")');
  await page.click('button:text-is("Reload")');
  await page.waitForSelector('.status.good');
  assert.equal(await page.locator('.notice').count(), 0);
}));

test('nothing is sent to a page that nobody sees', inLab(async (lab) => {
  const pollard = await serveRoutes(lab, 1);
  const { page } = await open(lab, pollard.admin);
  await page.waitForSelector('.status.good');
  const gone = page.waitForEvent('requestfailed', (r) => r.url().endsWith('/stream'));
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await gone;
  const back = page.waitForRequest((r) => r.url().endsWith('/stream'));
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => false });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await back;
  await page.waitForSelector('.status.good');
}));

/**
 * A state folder in which one route has stood at push for a month and will be moved, and another has fallen.
 * @param {import('./lab/lab.js').Lab} lab
 */
async function eventful(lab) {
  const folder = await temporaryFolder(lab);
  const at = (/** @type {number} */ days) => new Date(Date.now() + days * 86_400_000).toISOString();
  const pushed = { stage: 'push', percent: 100 };
  await writeFile(join(folder, 'rollout.json'), JSON.stringify({
    version: 1,
    saved: 1,
    routes: { fallen: { stage: 'observe', percent: 100, configured: { stage: 'coalesce', percent: 100 }, fallen: true, when: at(-1), who: 'guard', why: 'errors: treated 9 % of 300, untreated 0 % of 300' } },
    plans: { pushed: { at: at(30), stage: 'push', percent: 50, configured: pushed, when: at(-1), who: 'Ada', why: 'the end of the trial' } },
    standings: { pushed: { ...pushed, since: at(-31) } },
  }));
  return folder;
}

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const width of [1280, 390]) {
    test(`every page is accessible and fits, ${colorScheme} at ${width} pixels`, inLab(async (lab) => {
      const redis = await Redis.start(lab);
      const routes = [{ name: 'route_000', path: '/0/*', stage: 'coalesce' }, { name: 'pushed', path: '/1/*', stage: 'push' }, { name: 'fallen', path: '/2/*', stage: 'coalesce' }];
      const pollard = await serveRoutes(lab, 0, { state: await eventful(lab), redis: redis.url, routes });
      for (let i = 0; i < 10; i += 1) await fetch(`${pollard.url}/0/board`);
      const { page, complaints } = await open(lab, pollard.admin, { colorScheme, viewport: { width, height: 800 }, bypassCSP: true });
      await page.addScriptTag({ path: axe });
      const look = async (/** @type {string} */ what) => {
        const found = await page.evaluate(() => /** @type {any} */ (window).axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
        assert.deepEqual(found.violations.map((/** @type {any} */ v) => `${v.id}: ${v.nodes.map((/** @type {any} */ n) => n.html).join(' ; ')}`), [], what);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} is wider than the screen`);
      };
      await page.waitForSelector('.routes tbody tr');
      await look('routes');
      await page.click('button:text-is("Kill switch")');
      await look('the question');
      await page.keyboard.press('Escape');
      for (const [place, sign] of [
        ['#/routes/route_000', '#ladder'], ['#/routes/pushed', '#retire'], ['#/routes/pushed', '.planned'], ['#/routes/fallen', '.notice.bad'],
        ['#/found', 'main .card'], ['#/explain', '#url'], ['#/audit', 'main .card p.quiet'], ['#/fleet', '#instances'],
      ]) {
        await page.evaluate((hash) => { location.hash = hash; }, place);
        await page.waitForSelector(sign);
        if (place.includes('routes/')) await page.waitForSelector('#bypasses');
        if (place === '#/explain') {
          await page.fill('#url', '/0/board');
          await page.keyboard.press('Enter');
          await page.waitForSelector('.events td');
        }
        await look(place);
      }
      await redis.down();
      await page.waitForSelector('.notice:has-text("The fleet does not act as one.")');
      await look('a fleet without Redis');
      assert.deepEqual(complaints, []);
    }, 240_000));
  }
}
