/** How long a hidden page keeps its subscriptions, in milliseconds. */
const hiddenFor = 30_000;
/** A document that has not been polled for so long, in milliseconds, is polled no more, unless its intervals are that long. */
const forgotten = 120_000;
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
  #names = new Names();
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
    const polled = this.#all.get(this.#names.of(poll).key);
    polled?.come();
    return this.#isAlive ? polled?.wait(poll, signal)?.then((answer) => (this.#isAlive ? answer : undefined)) : undefined;
  }

  /**
   * Takes note that a poll goes to the network. What is returned takes the response, and calls for its body only if push is there.
   * @param {Question} poll
   */
  send(poll) {
    const polled = this.#all.get(this.#names.of(poll).key) ?? new Polled();
    const learn = polled.send();
    return (/** @type {number} */ status, /** @type {Headers} */ headers, /** @type {() => Promise<string>} */ body,
      /** @type {string} */ reason) => {
      if (!isPushed(headers)) return this.#drop(polled);
      this.#names.learn(poll.url, headers);
      if (!this.#all.has(polled.key)) this.#keep(Object.assign(polled, this.#names.of(poll)));
      const etag = headers.get('etag') ?? '';
      if (status === 200) body().then((text) => learn({ etag, headers, text, reason }), () => {});
      else learn(undefined, status === 304 ? etag : '');
      polled.responses += 1;
      const isPromised = Number(headers.get('poll-interval')) > 0 && !polled.path.includes('?'); // the server says that this very URL is to be polled
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
    if (this.#all.size >= most) {
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
    const now = Date.now();
    if (polled.wanted || polled.isHopeless || !this.#all.has(polled.key) || document.hidden) return;
    if (now < Math.max(this.#until, polled.refusedUntil)) return;
    polled.wanted = now;
    this.#tabs.join();
    this.#say('want', polled);
  }

  /**
   * @param {'want' | 'drop'} type
   * @param {Polled} polled
   */
  #say(type, { path, variant }) {
    this.#tabs.say({ type, tab: this.#tabs.id, path, variant });
  }

  /** @param {Polled} polled */
  #drop(polled) {
    if (!polled.wanted) return;
    polled.lose(false);
    this.#say('drop', polled);
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
    polled.refusals = 0;
    polled.tell(message.news);
  }

  /** @param {{again: boolean, after: number}} how */
  #lost({ again, after }) {
    this.#until = Date.now() + after;
    for (const polled of this.#wanted) polled.lose(!again);
  }

  /** Another tab leads, or this one: it knows nothing yet. */
  #reopened() {
    for (const polled of this.#wanted) this.#say('want', polled);
  }

  /** @param {Polled} polled */
  #gone(polled) {
    polled.refusals += 1;
    polled.refusedUntil = Date.now() + refusal * 2 ** Math.min(polled.refusals, 6) * (0.5 + Math.random() / 2);
    polled.lose(true);
    if (!this.#wanted.length) this.#tabs.leave();
  }

  /** Drops what the page has stopped polling, and says of the rest that it is wanted. */
  #tend() {
    const now = Date.now();
    for (const polled of this.#wanted) {
      const idle = now - polled.asked > Math.max(forgotten, 3 * polled.interval);
      if (polled.isHopeless || (idle && !polled.isHeld)) this.#drop(polled);
      else if (now - polled.wanted > renewal) {
        polled.wanted = now;
        this.#say('want', polled);
      }
    }
  }
}
