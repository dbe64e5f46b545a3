import { change, short, span } from './format.js';

const day = 86_400;

/** For how long must have been counted before a day is spoken of, in seconds. */
const least = 5;

/**
 * 1 − calls ÷ (polls + avoided). Without avoided polls it is measured, with them modelled in part.
 * @param {number} polls
 * @param {number} calls
 * @param {number} [avoided]
 * @returns {number | null} null before the first poll
 */
export function reduction(polls, calls, avoided = 0) {
  return polls + avoided > 0 ? 1 - calls / (polls + avoided) : null;
}

/**
 * What a director is told: what a day would be at the rates of the time that is remembered.
 * @param {import('./types.js').Window} total
 * @returns {{wanted: string, made: string, change: string, basis: string} | null} null while too little was counted
 */
export function headline({ seconds, polls, upstream, avoided }) {
  const part = reduction(polls, upstream, avoided);
  if (seconds < least || part === null) return null;
  const daily = (/** @type {number} */ n) => short((n / seconds) * day);
  const basis = `Extrapolated to a day from the last ${span(seconds)} of this instance. `;
  const parts = avoided > 0
    ? `Measured: ${daily(polls)} polls come in. Modelled: ${daily(avoided)} more would, from pages that are pushed to instead.`
    : 'Measured: every poll that came in, every call that went out.';
  return { wanted: daily(polls + avoided), made: daily(upstream), change: change(part), basis: basis + parts };
}
