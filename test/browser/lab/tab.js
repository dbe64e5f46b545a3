import { EventEmitter, once } from 'node:events';

import { Wire } from './wire.js';
import { watch } from './watch.js';

/** How long something that has to happen may take, in milliseconds. */
const patience = 60_000;

/**
 * An answer to a poll as the page's script saw it.
 * @typedef {object} Poll
 * @property {string} path
 * @property {number} status 0 when there was no answer
 * @property {Record<string, string>} headers in lower case
 * @property {string} body
 * @property {number} document tells the polls of one page from those of the next in the same tab
 */

/**
 * What the page showed, by field.
 * @typedef {Record<string, string>} State
 */

/**
 * A tab and all that happened in it, from its first page on.
 */
export class Tab {
  /** @type {Poll[]} */
  polls = [];
  /** @type {State[]} one after the other, no two neighbours alike */
  states = [];
  /** @type {string[]} errors and warnings on the console, exceptions, answers that failed */
  complaints = [];
  #news = new EventEmitter();

  /**
   * @param {import('playwright-core').Page} page
   * @param {Wire} wire
   */
  constructor(page, wire) {
    this.page = page;
    this.wire = wire;
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('response', (response) => {
      if (response.status() >= 400) this.complaints.push(`${response.url()}: status ${response.status()}`);
    });
  }

  /**
   * Opens an empty tab.
   * @param {import('playwright-core').BrowserContext} context
   */
  static async open(context) {
    const page = await context.newPage();
    page.setDefaultTimeout(patience);
    const tab = new Tab(page, await Wire.tap(page));
    await page.exposeFunction('tell', (/** @type {string} */ kind, /** @type {any} */ news) => tab.#told(kind, news));
    await page.addInitScript(watch);
    return tab;
  }

  /**
   * @param {string} kind
   * @param {any} news
   */
  #told(kind, news) {
    if (kind === 'poll') this.polls.push(news);
    if (kind === 'state' && JSON.stringify(news) !== JSON.stringify(this.state)) this.states.push(news);
    this.#news.emit('news');
  }

  /** What the page shows. */
  get state() {
    return this.states[this.states.length - 1] ?? {};
  }

  /**
   * Waits until something is true of what has been polled and shown.
   * @param {string} what for the error when it never is
   * @param {(tab: Tab) => boolean} isTrue
   */
  async until(what, isTrue) {
    const signal = AbortSignal.timeout(patience);
    while (!isTrue(this)) {
      await once(this.#news, 'news', { signal }).catch(() => {
        throw new Error(`${this.page.url()} never ${what}; after ${this.polls.length} polls it shows ${JSON.stringify(this.state)}`);
      });
    }
  }

  /**
   * Waits until the page has been given so many more answers.
   * @param {number} n
   */
  async morePolls(n) {
    const enough = this.polls.length + n;
    await this.until(`polled ${n} times more`, () => this.polls.length >= enough);
  }
}

/**
 * The texts that a tab has shown. That it showed nothing at first is seen only if its first poll was not quicker.
 * @param {Tab} tab
 */
export function shown(tab) {
  return tab.states.map((state) => state.text).filter((text) => text !== '');
}
