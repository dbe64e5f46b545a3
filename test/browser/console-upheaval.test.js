import assert from 'node:assert/strict';
import test from 'node:test';

import { open, serveRoutes, until } from './lab/console.js';
import { ForwardedPort } from './lab/forwardedport.js';
import { inLab } from './lab/lab.js';

/** @typedef {import('playwright-core').Page} Page */

/** @param {Page} page what it says in figures, wherever it says it: no rate below nothing, and none that is no number */
async function checkFigures(page) {
  const shown = await page.evaluate(() => [...document.querySelectorAll('.figures, .c-polls, .c-calls')].map((e) => e.textContent).join(' '));
  assert.doesNotMatch(shown, /−\d[\d.]*\s*(a second|polls a second)|NaN|Infinity|undefined/, 'figures that there cannot be');
  const rates = await page.locator('.c-polls, .c-calls').allTextContents();
  for (const rate of rates.filter((r) => /\d/.test(r))) assert.ok(parseFloat(rate.replace('−', '-')) >= 0, `a rate of ${rate}`);
}

test('a page left open across an upgrade says so, goes on, and is another once it is reloaded', inLab(async (lab) => {
  const pollard = await serveRoutes(lab, 1);
  const port = await ForwardedPort.start(lab, pollard.admin);
  const { page, complaints } = await open(lab, port.url);
  await page.waitForSelector('.status.good');
  assert.equal(await page.evaluate(() => 'ofTomorrow' in window), false);

  port.rewrite = (text) => text.replace(/"build":"[^"]*"/, '"build":"of-tomorrow","unheard_of":{"a":[1]}');
  port.append = { '/console.js': ';window.ofTomorrow=true' };
  await page.waitForSelector('.notice.warn:has-text("Pollard was upgraded.")');
  await page.waitForSelector('.status.good');
  await page.click('text=route_000');
  await page.waitForSelector('#ladder'); // the page of before still shows what it understands
  await page.click('button:text-is("Reload")');
  await page.waitForFunction(() => 'ofTomorrow' in window);
  await page.waitForSelector('#ladder');
  assert.equal(await page.locator('.notice').count(), 0);
  assert.deepEqual(complaints, []);
}));

test('a page that does not understand the instance any more says that, and what to do', inLab(async (lab) => {
  const pollard = await serveRoutes(lab, 1);
  const port = await ForwardedPort.start(lab, pollard.admin);
  const { page } = await open(lab, port.url);
  await page.waitForSelector('.routes >> text=route_000');
  port.rewrite = (text) => text.replace(/"build":"[^"]*"/, '"build":"of-tomorrow"').replaceAll('"window":', '"lately":');
  await page.waitForSelector('.notice.bad:has-text("This page does not understand what the instance says.")');
  await page.waitForSelector('.notice.warn:has-text("Pollard was upgraded.")');
  assert.equal(await page.isEnabled('button:text-is("Kill switch")'), true, 'what matters most still works');
  port.rewrite = (text) => text;
  await page.click('.notice.bad button:text-is("Reload")');
  await page.waitForSelector('.routes >> text=route_000');
}));

test('an instance that restarts counts from nothing, and no rate is negative', inLab(async (lab) => {
  const first = await serveRoutes(lab, 2);
  const port = await ForwardedPort.start(lab, first.admin);
  const { page } = await open(lab, port.url);
  await until(async () => {
    await Promise.all(Array.from({ length: 50 }, (_, i) => fetch(`${first.url}/${i % 2}/board`)));
    return page.evaluate(() => Number(document.querySelector('.figures b')?.textContent) > 1);
  });
  await page.evaluate(() => { // whatever is drawn from now on is looked at
    const look = () => {
      const rates = [...document.querySelectorAll('.figures div:nth-child(-n+3) b, .c-polls, .c-calls')].map((e) => e.textContent ?? '');
      /** @type {any} */ (window).wrong ??= rates.find((r) => /[-−]\d|NaN|Infinity/.test(r));
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  const second = await serveRoutes(lab, 2);
  port.target = second.admin;
  port.cut();
  await page.waitForSelector('.notice.warn:has-text("The instance has restarted")');
  await until(async () => {
    await fetch(`${second.url}/0/board`);
    return page.evaluate(() => Number(document.querySelector('.figures b')?.textContent) > 0);
  });
  await checkFigures(page);
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).wrong), undefined);

  await page.click('text=route_000');
  await page.waitForSelector('.figures div:has-text("polls in")');
  await checkFigures(page);
}));

for (const [whose, hours] of /** @type {const} */ ([['the browser', 30], ['the instance', -30]])) {
  test(`a clock of ${whose} that jumps by ${hours} hours stops nothing and changes no rate`, inLab(async (lab) => {
    const pollard = await serveRoutes(lab, 1);
    const port = await ForwardedPort.start(lab, pollard.admin);
    const { page, complaints } = await open(lab, `${port.url}/#/routes/route_000`);
    await until(async () => {
      await fetch(`${pollard.url}/0/board`);
      return page.locator('.uplot canvas').count();
    });
    if (whose === 'the browser') {
      await page.evaluate((ms) => {
        const now = Date.now;
        Date.now = () => now() + ms;
      }, hours * 3_600_000);
    } else {
      port.rewrite = (text) => text.replace(/"ends": \[[^\]]*\]/, (ends) => ends.replace(/\d{9,}(\.\d+)?/g, (t) => String(Number(t) + hours * 3600)))
        .replace(/"since":"(\d{4}-[^"]+)"/g, (_, t) => `"since":"${new Date(Date.parse(t) + hours * 3_600_000).toISOString()}"`);
    }
    const polled = () => page.evaluate(() => document.querySelector('.figures div:nth-child(3) dd span')?.textContent);
    const before = await polled();
    await until(async () => {
      await fetch(`${pollard.url}/0/board`);
      return await polled() !== before;
    });
    const drawn = await page.locator('.chart .u-legend').first().textContent();
    await until(async () => { // the next slot
      await fetch(`${pollard.url}/0/board`);
      return await page.locator('.chart .u-legend').first().textContent() !== drawn;
    });
    await checkFigures(page);
    await page.waitForSelector('.status.good');
    assert.equal(await page.locator('.notice').count(), 0, 'nothing has restarted, nothing is gone');
    assert.deepEqual(complaints, []);
  }));
}

test('a token that is not taken any more is asked for anew, and nothing is shown without one', inLab(async (lab) => {
  const token = 'may-look-today';
  const first = await serveRoutes(lab, 1, { admin_token: 'changes-things', admin_read_token: token });
  const port = await ForwardedPort.start(lab, first.admin);
  const { page } = await open(lab, port.url);
  await page.fill('[name=token]', token);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.routes >> text=route_000');

  const second = await serveRoutes(lab, 1, { admin_token: 'changes-things', admin_read_token: 'may-look-tomorrow' });
  port.target = second.admin;
  port.cut();
  await page.waitForSelector('text=The instance does not take this token.');
  assert.equal(await page.locator('.routes').count(), 0);
  await page.fill('[name=token]', 'may-look-tomorrow');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.routes >> text=route_000');
}));
