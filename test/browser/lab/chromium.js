import { chromium } from 'playwright-core';

/** Where Debian has it. */
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Nothing but what the tests do may use the network or show up on the wire. */
const args = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/**
 * Starts a browser with an empty profile. It is driven through a pipe, and ends when that breaks: none is left behind when a test is killed.
 * @param {import('./lab.js').Lab} lab
 */
export async function startBrowser(lab) {
  const browser = await chromium.launch({ executablePath, args });
  lab.defer(() => browser.close());
  return browser;
}

/**
 * The process of a browser.
 * @param {import('playwright-core').Browser} browser
 */
export async function browserProcess(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  return processInfo.filter((one) => one.type === 'browser').map((one) => one.id)[0];
}
