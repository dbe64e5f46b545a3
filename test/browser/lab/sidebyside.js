import { Board } from './board.js';
import { startBrowser } from './chromium.js';
import { Origin } from './origin.js';
import { pushed, serve } from './pollard.js';
import { pollers, pollingPage } from './pollers.js';
import { Tab } from './tab.js';

/** Runs in the page. What a test runs there counts as something that the user does, and nobody touches these pages. */
function leaveAlone() {
  Object.defineProperty(navigator, 'userActivation', { value: { isActive: false, hasBeenActive: false } });
}

/**
 * A page that polls, with the script and without, each in a profile of its own, behind one proxy.
 */
export class SideBySide {
  /** What both have to have shown, in order. @type {string[]} */
  expected = [];
  /** How long after each change it was shown, in milliseconds, by page. @type {Map<Tab, number[]>} */
  delays = new Map();

  /**
   * @param {{board: Board, proxy: import('./pollard.js').Proxy, withScript: Tab, without: Tab}} parts
   */
  constructor({ board, proxy, withScript, without }) {
    this.board = board;
    this.proxy = proxy;
    this.withScript = withScript;
    this.without = without;
    this.tabs = [withScript, without];
    for (const tab of this.tabs) this.delays.set(tab, []);
  }

  /**
   * Opens both, and waits until they show something.
   * @param {import('./lab.js').Lab} lab
   * @param {number} interval between two polls, in milliseconds
   */
  static async open(lab, interval) {
    const board = new Board('/board');
    board.interval = interval;
    const poller = pollers['a loop of fetch'];
    const origin = await Origin.start(lab, {
      ...board.handlers, ...pollingPage(board, '/with', poller), ...pollingPage(board, '/without', { ...poller, isPlain: true }),
    });
    const proxy = await serve(lab, origin.url, { routes: [pushed(board.poll, `${interval}ms`)] });
    const browser = await startBrowser(lab);
    const [withScript, without] = await Promise.all(['/with', '/without'].map(async (path) => {
      const tab = await Tab.open(await browser.newContext());
      tab.page.on('requestfailed', (request) => tab.complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
      await tab.page.addInitScript(leaveAlone);
      await tab.page.goto(proxy.url + path);
      return tab;
    }));
    const pages = new SideBySide({ board, proxy, withScript, without });
    await pages.#shown();
    return pages;
  }

  /**
   * Changes the board now and then, every few intervals, until a time is over.
   * @param {number} duration in milliseconds
   */
  async play(duration) {
    const end = performance.now() + duration;
    for (;;) {
      const pause = this.board.interval * (1 + 3 * Math.random());
      if (performance.now() + pause > end) break;
      await this.without.page.waitForTimeout(pause);
      this.board.change();
      await this.#shown();
    }
    await this.without.page.waitForTimeout(Math.max(0, end - performance.now()));
  }

  /** Waits until both pages show the board as it is. */
  async #shown() {
    const since = performance.now();
    this.expected.push(this.board.text);
    await Promise.all(this.tabs.map(async (tab) => {
      await tab.until('showed the change', () => tab.state.text === this.board.text);
      this.delays.get(tab)?.push(performance.now() - since);
    }));
  }

  /** How many polls each has sent, with the script and without. */
  get sent() {
    return this.tabs.map((tab) => tab.wire.on(this.board.poll).length);
  }

  /** How long changes took to be shown, in words, with the script and without. The first state is no change. */
  get delaysInWords() {
    return this.tabs.map((tab) => {
      const [, ...delays] = this.delays.get(tab) ?? [];
      const sorted = delays.sort((a, b) => a - b).map(Math.round);
      return `median ${sorted[Math.floor(sorted.length / 2)]} ms, longest ${sorted.at(-1)} ms`;
    });
  }
}
