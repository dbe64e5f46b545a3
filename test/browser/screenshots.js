import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { startBrowser } from './lab/chromium.js';
import { serveRoutes } from './lab/console.js';
import { Lab } from './lab/lab.js';
import { startDemo } from './lab/pollard.js';
import { Redis } from './lab/redis.js';

/** Takes the pictures of docs/console.md from the demo, once it has run for a while: SECONDS. */
const folder = process.env.IMAGES ?? fileURLToPath(new URL('../../docs/images/', import.meta.url));
const seconds = Number(process.env.SECONDS ?? 300);
const sizes = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } };
const schemes = /** @type {const} */ (['light', 'dark']);

const lab = new Lab();
try {
  await mkdir(folder, { recursive: true });
  const redis = await Redis.start(lab);
  const fleet = await Promise.all([1, 2, 3].map(() => serveRoutes(lab, 3, { redis: redis.url })));
  const demo = await startDemo(lab, 120, 'push');
  const browser = await startBrowser(lab);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of schemes) {
      const page = await (await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' })).newPage();
      const shoot = async (/** @type {string} */ name) => {
        await page.setViewportSize({ ...viewport, height: await page.evaluate(() => document.documentElement.scrollHeight) }); // rows out of sight are not drawn
        await page.waitForTimeout(2000);
        await page.screenshot({ path: `${folder}/console-${name}-${size}-${colorScheme}.png`, fullPage: true });
        await page.setViewportSize(viewport);
      };
      await page.goto(`${demo.admin}/`);
      await page.waitForSelector('.spark path');
      await page.waitForTimeout(11_000); // rates are taken over ten seconds
      await shoot('routes');
      await page.goto(`${demo.admin}/#/routes/issue_realtime_changes`);
      await page.waitForSelector('.uplot');
      await page.waitForTimeout(1000);
      await shoot('route');
      if (size !== 'wide') continue;
      await page.click('input[name=stage] >> nth=2');
      await page.click('button:text-is("Move …")');
      await page.screenshot({ path: `${folder}/console-move-${size}-${colorScheme}.png` });
      await page.goto(`${demo.admin}/#/explain`);
      await page.fill('#url', '/group/project/-/issues/1/realtime_changes');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.events td');
      await page.setViewportSize({ ...viewport, height: 1600 }); // down to the events of the first document
      await page.screenshot({ path: `${folder}/console-explain-${size}-${colorScheme}.png` });
      await page.setViewportSize(viewport);
      await page.goto(`${fleet[0].admin}/#/fleet`);
      await page.waitForFunction(() => document.querySelectorAll('.instances tbody tr').length === 3);
      await shoot('fleet');
    }
  }
} finally {
  for (const failure of await lab.close()) console.error(failure);
}
