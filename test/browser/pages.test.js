import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { startBrowser } from './lab/chromium.js';
import { inLab } from './lab/lab.js';
import { startDemo } from './lab/pollard.js';
import { Tab } from './lab/tab.js';

/** Where to keep pictures of the pages; none are taken without it. */
const pictures = process.env.SCREENSHOTS;

const screens = [
  { width: 1280, height: 900 },
  { width: 390, height: 844 },
];

/** The pages of the legacy application. All but the first one poll. */
const pages = [
  { name: 'home', path: '/' },
  { name: 'job', path: '/group/project/-/jobs/1' },
  { name: 'issue', path: '/group/project/-/issues/1' },
  { name: 'import', path: '/import/github' },
];

test('the pages of the demo fit their screens and complain of nothing', inLab(async (lab) => {
  const demo = await startDemo(lab, 24, 'push');
  const browser = await startBrowser(lab);
  await Promise.all(screens.map(async (screen) => {
    const context = await browser.newContext({ viewport: screen });
    const twice = await Tab.open(context);
    await twice.page.goto(`${demo.through}/`);
    await check(twice, 'sign-in');
    await twice.page.goto(`${demo.page}/`);
    await twice.until('polled in both frames', () => twice.polls.length >= 2);
    await twice.page.click('#change');
    await twice.page.waitForFunction(() => document.querySelectorAll('#routes tr').length > 3);
    await twice.until('polled again in both frames', () => twice.polls.length >= 4);
    await check(twice, 'side-by-side');

    const reader = await Tab.open(context); // the side-by-side page has signed it in
    for (const { name, path } of pages) {
      for (const door of [demo.direct, demo.through]) {
        const before = reader.polls.length;
        await reader.page.goto(door + path);
        if (name !== 'home') await reader.until('polled', () => reader.polls.length > before);
      }
      await check(reader, name);
    }
  }));
}));

/**
 * Checks that a page is not wider than the screen, and that it had nothing to complain of so far.
 * @param {Tab} tab
 * @param {string} name
 */
async function check({ page, complaints }, name) {
  if (pictures) await takePictures(page, join(pictures, name));
  assert.deepEqual(complaints, [], name);
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= screen, `${name} is ${wide} pixels wide on a screen of ${screen}`);
}

/**
 * Takes pictures of a whole page, by day and by night, on a screen that is high enough for it: browsers do not paint frames that are far down.
 * @param {import('playwright-core').Page} page
 * @param {string} path without what tells one picture from the other
 */
async function takePictures(page, path) {
  const screen = page.viewportSize() ?? screens[0];
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ ...screen, height });
  for (const colorScheme of /** @type {const} */ (['dark', 'light'])) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${path}-${screen.width}-${colorScheme}.png` });
  }
  await page.setViewportSize(screen);
}
