/**
 * What a tab asks the desk for, and says to all.
 * @typedef {{type: 'want', tab: string, path: string, variant: string} | {type: 'drop', tab: string, path: string, variant: string} |
 *   {type: 'wrote', isDone: boolean}} Wish
 */

/**
 * What the desk says to tabs.
 * @typedef {{type: 'news', tabs: string[], path: string, variant: string, news: News} |
 *   {type: 'gone', tabs: string[], path: string, variant: string} |
 *   {type: 'lost', again: boolean, after: number} | {type: 'alive'} | {type: 'opened'}} Word
 */

/**
 * A document that tabs want.
 * @typedef {object} Order
 * @property {string} variant of all of them: a socket cannot carry which, and the server goes by the last poll
 * @property {Map<string, number>} tabs when each last said that it wants it
 * @property {News | undefined} news the last on the cable that is open
 */

/** How long a tab's wish lasts if it is not said again, in milliseconds. */
const wishLasts = 180_000;

/** A page may have signed somebody else in when it has written: at most so long after, in milliseconds, the cable has the new cookies. */
const lease = 60_000;

/** Wishes of tabs that open together are collected for so many milliseconds. */
const collecting = 50;

/**
 * Has one cable for all tabs of the browser. It exists in the tab that leads.
 *
 * A tab is told nothing of a cable that was opened before the tab came: somebody else may have been signed in. The first wish of a new tab
 * therefore has the cable opened anew, with the cookies that the new page has. The other tabs do not notice: what changes meanwhile is the
 * first that the new cable says.
 */
class Desk {
  /** @type {Map<string, Order>} by path */
  #orders = new Map();
  /** @type {Map<string, number>} the number of the first cable that each tab may be told of */
  #since = new Map();
  /** @type {Cable | undefined} */
  #cable;
  #number = 0;
  #failures = 0;
  #until = 0;
  #opened = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #due = 0;
  #say;

  /** @param {(word: Word) => void} say */
  constructor(say) {
    this.#say = say;
  }

  /** @param {Wish} wish */
  receive(wish) {
    if (wish.type === 'want') this.#want(wish.path, wish.tab, wish.variant);
    else if (wish.type === 'drop') this.#drop(wish.path, [wish.tab]);
    else if (wish.isDone && this.#cable) this.#renew(this.#opened + lease - Date.now());
  }

  close() {
    clearTimeout(this.#timer);
    this.#cable?.close();
  }

  /**
   * @param {string} path
   * @param {string} tab
   * @param {string} variant
   */
  #want(path, tab, variant) {
    const wait = this.#until - Date.now();
    if (wait > 0) return this.#say({ type: 'lost', again: true, after: wait });
    const order = this.#orders.get(path) ?? { variant, tabs: new Map(), news: undefined };
    if (order.variant !== variant) return this.#say({ type: 'gone', tabs: [tab], path, variant });
    const isNew = !this.#orders.has(path);
    this.#orders.set(path, order);
    order.tabs.set(tab, Date.now());
    if (!this.#since.has(tab)) {
      this.#since.set(tab, this.#number + 1);
      this.#renew(collecting);
    }
    if (isNew) this.#subscribe(path);
    this.#pass(path, order, [tab]);
  }

  /**
   * Opens the cable, or opens it anew.
   * @param {number} delay in milliseconds; nothing happens later than it was to happen
   */
  #renew(delay) {
    const due = Date.now() + Math.max(collecting, delay);
    if (this.#timer && this.#due <= due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#orders.size > 0) this.#open();
    }, due - Date.now());
  }

  #open() {
    this.#cable?.close();
    for (const order of this.#orders.values()) order.news = undefined;
    this.#number += 1;
    this.#opened = Date.now();
    try {
      this.#cable = new Cable({
        welcome: () => this.#orders.forEach((_, path) => this.#subscribe(path)),
        ping: () => {
          if (Date.now() - this.#opened > 30_000) this.#failures = 0;
          this.#forget();
          this.#say({ type: 'alive' });
        },
        reject: (path) => this.#gone(path),
        news: (path, news) => (news.type === 'end' ? this.#gone(path) : this.#update(path, news)),
        lost: (again, after) => this.#lost(again, after),
      });
    } catch { // the page's policy forbids it
      this.#lost(false, undefined);
    }
  }

  /** @param {string} path */
  #subscribe(path) {
    this.#cable?.send('subscribe', path);
    const number = this.#number;
    setTimeout(() => {
      const order = this.#orders.get(path);
      if (order && number === this.#number && !order.news) this.#gone(path);
    }, silence);
  }

  /**
   * @param {string} path
   * @param {News} news
   */
  #update(path, news) {
    const order = this.#orders.get(path);
    if (!order) return;
    order.news = news;
    this.#pass(path, order, [...order.tabs.keys()]);
  }

  /**
   * Says what is known of a document to those of the tabs who may know.
   * @param {string} path
   * @param {Order} order
   * @param {string[]} tabs
   */
  #pass(path, { variant, news }, tabs) {
    if (!news) return;
    tabs = tabs.filter((tab) => (this.#since.get(tab) ?? Infinity) <= this.#number);
    this.#say({ type: 'news', tabs, path, variant, news });
  }

  /** @param {string} path */
  #gone(path) {
    const order = this.#orders.get(path);
    if (!order) return;
    this.#say({ type: 'gone', tabs: [...order.tabs.keys()], path, variant: order.variant });
    this.#drop(path, [...order.tabs.keys()]);
  }

  /**
   * @param {string} path
   * @param {string[]} tabs
   */
  #drop(path, tabs) {
    const order = this.#orders.get(path);
    if (!order) return;
    for (const tab of tabs) order.tabs.delete(tab);
    if (order.tabs.size > 0) return;
    this.#orders.delete(path);
    this.#cable?.send('unsubscribe', path);
    if (this.#orders.size > 0) return;
    this.#cable?.close();
    this.#cable = undefined;
    this.#since.clear();
  }

  /** Forgets the wishes of tabs that have gone without a word. */
  #forget() {
    for (const [path, { tabs }] of this.#orders) {
      this.#drop(path, [...tabs].filter(([, said]) => Date.now() - said > wishLasts).map(([tab]) => tab));
    }
  }

  /**
   * @param {boolean} again
   * @param {number | undefined} after
   */
  #lost(again, after) {
    this.#failures += 1;
    const most = Math.min(600_000, (again ? 1000 : 10_000) * 2 ** this.#failures);
    after ??= most / 2 + Math.random() * most / 2;
    this.#until = Date.now() + after;
    this.#cable?.close();
    this.#cable = undefined;
    this.#orders.clear();
    this.#since.clear();
    this.#say({ type: 'lost', again, after });
  }
}
