/** Over how many seconds a rate is taken: long enough not to flicker. */
const span = 10;

/**
 * @typedef {{polls: number | null, calls: number | null, avoided: number | null}} Rate per second; null where it is not known yet
 * @typedef {import('./types.js').Snapshot} Snapshot
 * @typedef {{polls: number, upstream: number, avoided: number}} Counts
 * @typedef {{instance: string, uptime: number, counts: Map<string, Counts>}} Reading
 */

/** @type {Rate} */
const unknown = { polls: null, calls: null, avoided: null };

/**
 * Turns snapshots into rates. An instance that restarted counts from nothing: then rates begin anew, and none is ever negative. Time is
 * the instance's own, which no clock that is set moves.
 */
export class Rates {
  /** @type {Reading[]} the oldest first */
  #readings = [];

  /**
   * Takes a snapshot in, and reports whether the instance is another than before.
   * @param {Snapshot} snapshot
   */
  take({ instance, uptime_s: uptime, routes }) {
    const last = this.#readings.at(-1);
    const isAnother = last !== undefined && (last.instance !== instance || uptime < last.uptime);
    if (isAnother) this.#readings = [];
    this.#readings.push({ instance, uptime, counts: new Map(routes.map((r) => [r.name, r])) });
    while (this.#readings.length > 2 && uptime - this.#readings[1].uptime >= span) this.#readings.shift();
    return isAnother;
  }

  /**
   * The rates of a route, over about ten seconds.
   * @param {string} name
   * @returns {Rate}
   */
  of(name) {
    const newest = this.#readings.at(-1);
    const now = newest?.counts.get(name);
    const oldest = this.#readings.find((r) => r.counts.has(name));
    const then = oldest?.counts.get(name);
    if (!newest || !oldest || !now || !then || newest.uptime - oldest.uptime < 0.5) return unknown;
    const rate = (/** @type {number} */ from, /** @type {number} */ to) => Math.max(0, (to - from) / (newest.uptime - oldest.uptime));
    return { polls: rate(then.polls, now.polls), calls: rate(then.upstream, now.upstream), avoided: rate(then.avoided, now.avoided) };
  }

  /**
   * The rates of all routes together.
   * @returns {Rate}
   */
  total() {
    const sum = { polls: 0, calls: 0, avoided: 0 };
    let isKnown = false;
    for (const name of this.#readings.at(-1)?.counts.keys() ?? []) {
      const rate = this.of(name);
      if (rate.polls === null) continue;
      isKnown = true;
      sum.polls += rate.polls;
      sum.calls += rate.calls ?? 0;
      sum.avoided += rate.avoided ?? 0;
    }
    return isKnown ? sum : unknown;
  }
}
