import { memo } from './memo.js';
import { html } from './view.js';

const width = 96;
const height = 24;

/** How many slots it spans, whether or not so many were counted: five minutes. The newest is on the right. */
const slots = 30;

/**
 * Polls and calls on one scale, so that what lies between the lines is what was saved. The figures beside it say the same in words.
 */
export const Sparkline = memo((/** @type {{polls?: number[], calls?: number[]}} */ { polls = [], calls = [] }) => {
  const top = Math.max(...polls, ...calls, 1e-9);
  const line = (/** @type {number[]} */ values) => values
    .map((v, i) => `${i ? 'L' : 'M'}${((1 - (values.length - 1 - i) / (slots - 1)) * width).toFixed(1)} ${(height - 1 - (v / top) * (height - 2)).toFixed(1)}`).join('');
  const polled = line(polls);
  const from = ((1 - (polls.length - 1) / (slots - 1)) * width).toFixed(1);
  return html`<svg class="spark" viewBox=${`0 0 ${width} ${height}`} width=${width} height=${height} preserveAspectRatio="none" aria-hidden="true">
    ${polls.length > 1 && html`<path class="area" d=${`${polled}L${width} ${height}L${from} ${height}Z`} /><path class="polls" d=${polled} /><path class="calls" d=${line(calls)} />`}
  </svg>`;
});
