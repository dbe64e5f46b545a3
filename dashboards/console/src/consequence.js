import { percent, short, whole } from './format.js';

/** @typedef {import('./types.js').Position} Position */

const order = ['off', 'observe', 'coalesce', 'push'];

/**
 * @typedef {object} Figures
 * @property {number | null} polls per second, coming in
 * @property {number | null} calls per second, going out
 * @property {number} watchers
 * @property {number} pace seconds between two polls of one page
 * @property {number} holdout percent of the actors
 */

/**
 * Says what a move will do, in sentences, from what is measured now.
 * @param {Position} from
 * @param {Position} to
 * @param {Figures} figures
 * @returns {string[]}
 */
export function consequence(from, to, figures) {
  const pages = (figures.polls ?? 0) * figures.pace + figures.watchers;
  const sentences = [who(to, figures.holdout)];
  const before = pushed(from, figures.holdout);
  const after = pushed(to, figures.holdout);
  if (after > 0) sentences.push(`About ${whole(pages * after)} sockets, if every page takes push; now there are ${whole(figures.watchers)}.`);
  const leaving = before > 0 ? figures.watchers * Math.max(0, 1 - after / before) : 0;
  if (leaving >= 1) {
    sentences.push(`About ${whole(leaving)} watchers are told to poll, spread over time: about ${short(leaving / figures.pace)} polls a second more come in.`);
  }
  if (order.indexOf(to.stage) <= 1) sentences.push(passing(pages / figures.pace, figures.calls));
  return sentences;
}

/**
 * The part of all actors that is on the push rung.
 * @param {Position} position
 * @param {number} holdout
 */
function pushed({ stage, percent: share }, holdout) {
  return stage === 'push' ? (share / 100) * (1 - holdout / 100) : 0;
}

/**
 * @param {Position} to
 * @param {number} holdout
 */
function who({ stage, percent: share }, holdout) {
  if (stage === 'off') return 'Every poll passes through untouched, and nothing is learnt.';
  if (stage === 'observe') return 'Every poll passes through, and is learnt from.';
  const kept = holdout > 0 ? ` The holdout of ${percent(holdout)} keeps passing.` : '';
  if (share >= 100) return `All actors stand at ${stage}.${kept}`;
  return `${percent(share)} of the actors stand at ${stage}, always the same ones; the others at ${order[order.indexOf(stage) - 1]}.${kept}`;
}

/**
 * @param {number} polls per second, when nothing is pushed
 * @param {number | null} calls per second, now
 */
function passing(polls, calls) {
  const rise = polls - (calls ?? 0);
  if (rise < 0.05) return 'The fleet gets about as many calls as now.';
  return `The fleet gets about ${short(polls)} calls a second, ${short(rise)} more than now.`;
}
