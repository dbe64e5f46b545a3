import test from 'node:test';

import { startBrowser } from './lab/chromium.js';
import { inLab } from './lab/lab.js';
import { checkOwner, imports, issue, signIn } from './lab/person.js';
import { startDemo } from './lab/pollard.js';
import { Tab } from './lab/tab.js';

test('nobody is shown a byte of another, through sign-out and sign-in', inLab(async (lab) => {
  const demo = await startDemo(lab, 24);
  const browser = await startBrowser(lab);
  const one = await browser.newContext();
  const other = await browser.newContext();

  await Promise.all([visit(one, 'alice'), visit(other, 'bob')]);
  await Promise.all([visit(one, 'bob'), visit(other, 'alice')]);

  /**
   * Signs in, reads two documents that are each under one URL for everybody, and signs out.
   * @param {import('playwright-core').BrowserContext} context
   * @param {'alice' | 'bob'} name
   */
  async function visit(context, name) {
    const first = await signIn(context, demo.through, name);
    // The application's entity tags say nothing of who reads. With one in its cache, a browser whose user has changed would be told 304, and
    // show the last user's answer to the next, with Pollard and without it.
    await (await context.newCDPSession(first.page)).send('Network.clearBrowserCache');
    const second = await Tab.open(context);
    await Promise.all([read(first, issue), read(second, imports)]);
    await second.page.close();
    await first.page.click('text=Sign out');
    await first.page.waitForSelector('text=Who are you?');
    await first.page.close();
    checkOwner(first, name);
    checkOwner(second, name);
  }

  /**
   * @param {Tab} tab
   * @param {string} path
   */
  async function read(tab, path) {
    await tab.page.goto(demo.through + path);
    await tab.until('polled twice', () => tab.polls.length >= 2);
  }
}));
