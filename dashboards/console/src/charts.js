import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import { perSecond, seconds, whole } from './format.js';
import { html } from './view.js';

const height = 170;
const hour = 3600;

/** The least that a chart spans, in seconds: so long after a start it is not all line. */
const least = 300;

/** How far ticks may be from each other, in seconds: as they are labelled by the minute. */
const minutes = [60, 120, 300, 600, 900, 1200];

/**
 * @typedef {import('./types.js').Past} Past
 * @typedef {{name: string, color: string, values: (number | null)[], fill?: boolean}} Line color is a custom property
 */

/** @param {{past: Past}} props the last hour, in charts whose cursors go together */
export function Charts({ past }) {
  const rate = (/** @type {number[]} */ counts) => counts.map((n, i) => n / Math.max(1, past.seconds[i]));
  const sum = (/** @type {Record<string, number[]>} */ columns) => past.ends.map((_, i) => Object.values(columns).reduce((all, c) => all + c[i], 0));
  return html`<div class="charts">
    <${Chart} title="Polls in and calls out, a second" ends=${past.ends} lines=${[
    { name: 'polls in', color: '--polls', values: rate(sum(past.outcomes)), fill: true },
    { name: 'calls out', color: '--calls', values: rate(sum(past.calls)), fill: true },
  ]} />
    <${Chart} title="Polls by outcome, a second" ends=${past.ends} lines=${Object.entries(past.outcomes)
    .filter(([, counts]) => counts.some((n) => n > 0))
    .map(([name, counts]) => ({ name, color: `--outcome-${name}`, values: rate(counts) }))} />
    <${Chart} title="Modelled: polls not sent, a second" ends=${past.ends} lines=${[{ name: 'not sent', color: '--modelled', values: rate(past.avoided), fill: true }]} />
    <${Chart} title="Watchers" ends=${past.ends} format=${whole} lines=${[{ name: 'watchers', color: '--watchers', values: past.watchers, fill: true }]} />
    <${Chart} title="Age of what was served" ends=${past.ends} format=${seconds} lines=${[
    { name: 'p50', color: '--age', values: past.staleness_p50_s },
    { name: 'p99', color: '--age-late', values: past.staleness_p99_s },
  ]} />
  </div>`;
}

/** @param {{title: string, ends: number[], lines: Line[], format?: (n: number) => string}} props */
function Chart({ title, ends, lines, format = perSecond }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {uPlot | null} */ (null));
  const isDark = useDark();
  const names = lines.map((l) => l.name).join();
  const data = /** @type {uPlot.AlignedData} */ ([ends, ...lines.map((l) => l.values)]);
  const isEmpty = ends.length < 2;
  useEffect(() => {
    const at = box.current;
    if (!at || isEmpty) return undefined;
    const made = new uPlot(options(at, lines, format), data, at);
    plot.current = made;
    newestAtRest(made);
    const sized = new ResizeObserver(() => made.setSize({ width: at.clientWidth, height }));
    sized.observe(at);
    return () => {
      sized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [names, isDark, isEmpty]);
  useEffect(() => {
    plot.current?.setData(data);
    if (plot.current) newestAtRest(plot.current);
  }, [ends]);
  const last = lines.map((l) => `${l.name} ${said(l.values.at(-1), format)}`).join(', ');
  return html`<figure class="card chart"><figcaption>${title}</figcaption>
    ${isEmpty ? html`<p class="quiet">The first slots of ten seconds are being counted.</p>` : html`<div ref=${box} role="img" aria-label=${`${title}; newest: ${last}`}></div>`}
  </figure>`;
}

/**
 * @param {HTMLElement} at
 * @param {Line[]} lines
 * @param {(n: number) => string} format
 * @returns {uPlot.Options}
 */
function options(at, lines, format) {
  const style = getComputedStyle(at);
  const color = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const axis = { stroke: color('--quiet'), grid: { stroke: color('--line'), width: 1 }, ticks: { stroke: color('--line') }, font: '12px system-ui' };
  return {
    width: at.clientWidth,
    height,
    cursor: { sync: { key: 'hour' }, y: false },
    scales: { x: { range: (_, min, max) => [Math.max(max - hour, Math.min(min, max - least)), max] }, y: { range: (_, __, max) => [0, Math.max(max * 1.1, 1)] } },
    axes: [{ ...axis, space: 70, incrs: minutes, values: (_, ticks) => ticks.map(clock) }, { ...axis, size: 52, values: (_, ticks) => ticks.map(format) }],
    hooks: { setLegend: [newestAtRest] },
    series: [{ label: 'at', value: (_, t) => (t === null ? '–' : clock(t)) }, ...lines.map((l) => ({
      label: l.name, stroke: color(l.color), width: 1.8, points: { show: false },
      fill: l.fill ? `${color(l.color)}22` : undefined,
      value: (/** @type {uPlot} */ _, /** @type {number | null} */ n) => said(n, format),
    }))],
  };
}

/**
 * @param {number | null | undefined} n nothing where nothing was measured, as of what was never served
 * @param {(n: number) => string} format
 */
function said(n, format) {
  return n == null ? '–' : format(n);
}

/** @param {number} t Unix time */
function clock(t) {
  return new Date(t * 1000).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

/**
 * Has the legend say what is newest while nobody points at the chart.
 * @param {uPlot} plot
 */
function newestAtRest(plot) {
  const last = plot.data[0].length - 1;
  if (plot.cursor.left !== undefined && plot.cursor.left < 0 && plot.legend.idx !== last) plot.setLegend({ idx: last });
}

/** Whether dark colours are asked for: a canvas does not follow by itself. */
function useDark() {
  const query = matchMedia('(prefers-color-scheme: dark)');
  const [isDark, setDark] = useState(query.matches);
  useEffect(() => {
    const turned = () => setDark(query.matches);
    query.addEventListener('change', turned);
    return () => query.removeEventListener('change', turned);
  }, []);
  return isDark;
}
