import assert from 'node:assert/strict';
import test from 'node:test';

import { startBrowser } from './lab/chromium.js';
import { inLab } from './lab/lab.js';
import { startDemo } from './lab/pollard.js';
import { Tab } from './lab/tab.js';

const issue = '/group/project/-/issues/1';

test('the demo shows one page twice, pushed and polling, and measures both', inLab(async (lab) => {
  const demo = await startDemo(lab, 24, 'push');
  const both = await Tab.open(await (await startBrowser(lab)).newContext());
  const { page } = both;
  let sent = 0;
  page.on('request', (request) => {
    if (request.url() === `${demo.through}${issue}/realtime_changes`) sent += 1;
  });
  await page.goto(`${demo.page}/`);
  await page.selectOption('#document', issue);
  await figure('through', 'polls', (n) => n >= 1);
  await page.waitForFunction(() => document.getElementById('watchers')?.textContent === '1'); // the left page; all viewers poll
  await page.waitForSelector('#step:enabled:text("Tick a task")');
  for (let changes = 1; changes <= 2; changes += 1) {
    const before = await versions();
    await page.click('#step');
    for (const name of /** @type {const} */ (['through', 'direct'])) await until(() => shown(name), (version) => version > before[name]);
  }
  for (const name of ['through', 'direct']) {
    const delay = await figure(name, 'own', (s) => s > 0);
    assert.ok(delay < 10, `${delay} s ${name}`);
  }
  await figure('through', 'polls', (n) => n >= sent + 2); // the others were answered in the page
  assert.equal(await page.textContent('#trouble'), '');
  assert.deepEqual(both.complaints, []);

  async function versions() {
    return { through: await shown('through'), direct: await shown('direct') };
  }

  /**
   * The version of the issue that a column shows.
   * @param {'through' | 'direct'} name
   */
  async function shown(name) {
    const frame = page.frames().find((one) => one.url().startsWith(demo[name]));
    return Number(await frame?.textContent('[data-field="lock_version"]'));
  }

  /**
   * Waits until a figure of a column is right, and returns it.
   * @param {string} name of the column
   * @param {string} field
   * @param {(n: number) => boolean} isRight
   */
  function figure(name, field, isRight) {
    return until(async () => parseFloat(await page.textContent(`#${name} [data-field="${field}"]`) ?? ''), isRight);
  }
}));

test('a tour tells its chapters beside the page, which takes push when it comes to that', inLab(async (lab) => {
  const demo = await startDemo(lab, 150, 'tour');
  const tab = await Tab.open(await (await startBrowser(lab)).newContext());
  await tab.page.goto(`${demo.page}/`);
  await tab.page.waitForSelector('#tour-title:text("1. Observe")');
  await tab.page.waitForSelector('#unchanged:visible');
  await tab.page.waitForSelector('#tour-title:text("6. Push")', { timeout: 150_000 });
  await tab.page.waitForSelector('#added:visible :text("client.js")');
  await tab.page.waitForFunction(() => document.querySelectorAll('#tour-chapters li').length === 6);
  const left = tab.page.frames().find((frame) => frame.url().startsWith(demo.through));
  await left?.waitForSelector('script[src="/-/pollard/client.js"]', { state: 'attached' });
  assert.deepEqual(tab.complaints, []);
  await tab.page.close();
  await demo.printed(/ guard +mismatch: [^]+killed → running[^]+wrong viewer: 0 +pages stopped by an error: 0/); // and ends with 0, or fails
}, 300_000));

/**
 * Asks until the answer is right, and returns it.
 * @param {() => Promise<number>} ask
 * @param {(n: number) => boolean} isRight
 */
async function until(ask, isRight) {
  for (;;) {
    const n = await ask();
    if (isRight(n)) return n;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
