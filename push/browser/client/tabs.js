/** What locks and channels between tabs are called. */
const meeting = 'pollard';

/**
 * The tabs of one browser that are on this site, and which of them has the desk. Without Web Locks each has its own.
 */
class Tabs {
  id = `${Date.now()}-${Math.random()}`;
  /** @type {BroadcastChannel | undefined} open while this tab wants something */
  #channel;
  /** @type {Desk | undefined} */
  #desk;
  /** @type {(() => void) | undefined} */
  #retire;
  #receive;

  /** @param {(message: any) => void} receive is given what is said to tabs, by this one too */
  constructor(receive) {
    this.#receive = receive;
  }

  /** Takes part: this tab leads as soon as no other does. */
  join() {
    if (this.#retire) return;
    if (!navigator.locks || !window.BroadcastChannel) return this.#alone();
    this.#channel = new BroadcastChannel(meeting);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    const patience = new AbortController();
    this.#retire = () => patience.abort();
    const lead = () => new Promise((/** @type {(value?: unknown) => void} */ done) => {
      if (patience.signal.aborted) return done();
      this.#retire = done;
      this.#open();
    });
    navigator.locks.request(meeting, { signal: patience.signal }, lead).catch(() => patience.signal.aborted || this.#alone());
  }

  #alone() {
    this.#channel?.close();
    this.#channel = undefined;
    this.#retire = () => {};
    this.#open();
  }

  #open() {
    this.#desk = new Desk((word) => this.say(word));
    this.say({ type: 'opened' });
  }

  /** Takes part no more: another tab leads. */
  leave() {
    this.#desk?.close();
    this.#desk = undefined;
    this.#channel?.close();
    this.#channel = undefined;
    this.#retire?.();
    this.#retire = undefined;
  }

  /** @param {Wish | Word} message */
  say(message) {
    this.#hear(message);
    if (this.#channel) return this.#channel.postMessage(message);
    if (message.type !== 'wrote' || !window.BroadcastChannel) return;
    const channel = new BroadcastChannel(meeting);
    channel.postMessage(message);
    channel.close();
  }

  /** @param {any} message */
  #hear(message) {
    if (/want|drop|wrote/.test(message.type)) this.#desk?.receive(message);
    if (!/want|drop/.test(message.type)) this.#receive(message);
  }
}
