import { EventEmitter, once } from 'node:events';

/**
 * What has come in and was not looked at yet, in order.
 * @template T
 */
export class Inbox {
  /** @type {T[]} */
  #waiting = [];
  #news = new EventEmitter();

  /** Takes something in; bound, so that it can be a callback. @param {T} one */
  put = (one) => {
    this.#waiting.push(one);
    this.#news.emit('news');
  };

  get size() {
    return this.#waiting.length;
  }

  /** Waits for the next one, and takes it. The limit is the test's. */
  async next() {
    while (this.#waiting.length === 0) await once(this.#news, 'news');
    return /** @type {T} */ (this.#waiting.shift());
  }

  /**
   * Takes one after another until one is as wanted, and returns that.
   * @param {(one: T) => boolean} isWanted
   */
  async until(isWanted) {
    for (;;) {
      const one = await this.next();
      if (isWanted(one)) return one;
    }
  }
}
