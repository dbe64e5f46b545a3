/** A true minus, and the space that keeps a number and its unit together. */
const minus = '−';
const joined = '\u00a0';

const scales = /** @type {const} */ ([[1e9, 'G'], [1e6, 'M'], [1e3, 'k']]);

/**
 * A number to three digits, with the letter of its scale: 45.7 M.
 * @param {number} n
 */
export function short(n) {
  for (const [size, letter] of scales) {
    if (Math.abs(n) >= size * 0.9995) return `${digits(n / size)}${joined}${letter}`;
  }
  return digits(n);
}

/** @param {number} n */
function digits(n) {
  const size = Math.abs(n);
  const decimals = size >= 99.95 || Number.isInteger(n) ? 0 : size >= 9.995 ? 1 : 2;
  return n.toFixed(decimals).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '').replace('-', minus);
}

/**
 * A whole number with its thousands set apart: 1,240.
 * @param {number} n
 */
export function whole(n) {
  return Math.round(n).toLocaleString('en-US').replace('-', minus);
}

/**
 * A rate per second, to a digit that does not flicker.
 * @param {number | null} n null where it is not known yet
 */
export function perSecond(n) {
  if (n === null) return '–';
  return n >= 99.95 ? short(n) : n.toFixed(1);
}

/**
 * By how much calls fell: −93.2 %.
 * @param {number | null} part of 1; negative where there were more
 */
export function change(part) {
  if (part === null) return '–';
  const percent = Math.abs(part * 100).toFixed(1);
  if (percent === '0.0') return `±0${joined}%`;
  return `${part > 0 ? minus : '+'}${percent}${joined}%`;
}

/** @param {number} n of 100, to three decimals */
export function percent(n) {
  return `${Number(n.toFixed(3))}${joined}%`;
}

/** @param {number | null} s */
export function seconds(s) {
  if (s === null) return '–';
  if (s < 1) return `${Math.round(s * 1000)}${joined}ms`;
  return `${s < 10 ? s.toFixed(1) : Math.round(s)}${joined}s`;
}

/**
 * How long: 58 min.
 * @param {number} s
 */
export function span(s) {
  if (s < 100) return `${Math.round(s)}${joined}s`;
  if (s < 100 * 60) return `${Math.round(s / 60)}${joined}min`;
  if (s < 48 * 3600) return `${Math.round(s / 3600)}${joined}h`;
  return `${Math.round(s / 86400)}${joined}days`;
}

/**
 * A moment, in the time zone of whoever looks.
 * @param {string} when RFC 3339
 */
export function moment(when) {
  return new Date(when).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
}
