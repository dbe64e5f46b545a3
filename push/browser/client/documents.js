/** How long a hidden page keeps its subscriptions, in milliseconds. */
const hiddenFor = 30_000;
/** A document that has not been polled for so long, in milliseconds and in intervals, is polled no more. */
const forgottenAfter = { time: 120_000, intervals: 3 };
/** A tab says so often, in milliseconds, that it still wants what it wants. */
const renewal = 60_000;
/** After a document was refused or ended, it is not subscribed to again for so long, in milliseconds, and longer each time. */
const refusal = 5000;
/** More documents than a page polls. */
const most = 50;

/** All that this page polls. */
class Documents {
  /** @type {Map<string, Polled>} by key */
  #all = new Map();
  /** @type {Map<string, {until: number, times: number}>} by path */
  #refused = new Map();
  #alive = 0;
  #until = 0;
  #tabs = new Tabs((message) => this.#hear(message));

  constructor() {
    addEventListener('pagehide', () => this.#retire());
    document.addEventListener('visibilitychange', () => {
      setTimeout(() => document.hidden && this.#retire(), hiddenFor);
    });
  }

  /**
   * Has a poll answered here if that can be, by what comes first: news, or the end of the page's patience.
   * @param {Question} poll
   * @param {AbortSignal} signal
   * @returns {Promise<Answer | undefined> | undefined} nothing, sooner or later, if it has to go to the network
   */
  ask(poll, signal) {
    const polled = this.#all.get(keyOf(poll));
    polled?.come();
    return this.#isAlive ? polled?.wait(poll, signal)?.then((answer) => (this.#isAlive ? answer : undefined)) : undefined;
  }

  /**
   * Takes note that a poll goes to the network. What is returned takes the response, and calls for its body only if push is there.
   * @param {Question} poll
   */
  send(poll) {
    const polled = this.#all.get(keyOf(poll)) ?? new Polled(poll);
    const learn = polled.send();
    return (/** @type {number} */ status, /** @type {Headers} */ headers, /** @type {() => Promise<string>} */ body,
      /** @type {string} */ reason) => {
      if (!isPushed(headers)) return this.#drop(polled);
      this.#keep(polled);
      const etag = headers.get('etag') ?? '';
      if (status === 200) body().then((text) => learn({ etag, headers, text, reason }), () => {});
      else learn(undefined, status === 304 ? etag : '');
      polled.responses += 1;
      const isPromised = Number(headers.get('poll-interval')) > 0 && !poll.url.search; // the server says that this very URL is to be polled
      if (isPromised || polled.responses > 1) this.#want(polled);
    };
  }

  /**
   * The page writes, or has written: every document may have changed.
   * @param {boolean} isDone
   */
  wrote(isDone) {
    this.#tabs.say({ type: 'wrote', isDone });
  }

  /** @param {Polled} polled */
  #keep(polled) {
    if (this.#all.size >= most && !this.#all.has(polled.key)) {
      const [idle] = [...this.#all.values()].filter((one) => !one.wanted);
      if (!idle) return;
      this.#all.delete(idle.key);
    }
    this.#all.set(polled.key, polled);
  }

  get #isAlive() {
    return Math.abs(Date.now() - this.#alive) < silence; // whatever happens to the clock
  }

  /** @param {Polled} polled */
  #want(polled) {
    const { path, variant } = polled;
    const now = Date.now();
    if (polled.wanted || polled.isHopeless || !this.#all.has(polled.key) || document.hidden) return;
    if (now < Math.max(this.#until, this.#refused.get(path)?.until ?? 0)) return;
    polled.wanted = now;
    this.#tabs.join();
    this.#tabs.say({ type: 'want', tab: this.#tabs.id, path, variant });
  }

  /** @param {Polled} polled */
  #drop(polled) {
    if (!polled.wanted) return;
    polled.wanted = 0;
    polled.lose(false);
    this.#tabs.say({ type: 'drop', tab: this.#tabs.id, path: polled.path });
    if (!this.#wanted.length) this.#tabs.leave();
  }

  #retire() {
    for (const polled of this.#wanted) this.#drop(polled);
    this.#tabs.leave();
  }

  get #wanted() {
    return [...this.#all.values()].filter((polled) => polled.wanted);
  }

  /** @param {any} message */
  #hear(message) {
    const { type, path, variant } = message;
    if (type === 'wrote') return this.#all.forEach((polled) => polled.doubt());
    if (type === 'lost') return this.#lost(message);
    if (type === 'opened') return this.#reopened();
    if (type === 'alive') {
      this.#alive = Date.now();
      return this.#tend();
    }
    if (!message.tabs.includes(this.#tabs.id)) return;
    const polled = this.#wanted.find((one) => one.path === path && one.variant === variant);
    if (!polled) return;
    if (type === 'gone') return this.#gone(polled);
    this.#alive = Date.now();
    this.#refused.delete(path);
    polled.tell(message.news);
  }

  /** @param {{again: boolean, after: number}} how */
  #lost({ again, after }) {
    this.#until = Date.now() + after;
    for (const polled of this.#wanted) {
      polled.wanted = 0;
      polled.lose(!again);
    }
  }

  /** Another tab leads, or this one: it knows nothing yet. */
  #reopened() {
    for (const { path, variant } of this.#wanted) this.#tabs.say({ type: 'want', tab: this.#tabs.id, path, variant });
  }

  /** @param {Polled} polled */
  #gone(polled) {
    const times = (this.#refused.get(polled.path)?.times ?? 0) + 1;
    this.#refused.set(polled.path, { until: Date.now() + refusal * 2 ** Math.min(times, 6) * (0.5 + Math.random() / 2), times });
    polled.wanted = 0;
    polled.lose(true);
    if (!this.#wanted.length) this.#tabs.leave();
  }

  /** Drops what the page has stopped polling, and says of the rest that it is wanted. */
  #tend() {
    const now = Date.now();
    for (const polled of this.#wanted) {
      const idle = now - polled.asked > Math.max(forgottenAfter.time, forgottenAfter.intervals * polled.interval);
      if (polled.isHopeless || (idle && !polled.isHeld)) this.#drop(polled);
      else if (now - polled.wanted > renewal) {
        polled.wanted = now;
        this.#tabs.say({ type: 'want', tab: this.#tabs.id, path: polled.path, variant: polled.variant });
      }
    }
  }
}
