import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

import { change, percent, perSecond, seconds, whole } from './format.js';
import { memoInSight } from './memo.js';
import { reduction } from './reduction.js';
import { Sparkline } from './sparkline.js';
import { html } from './view.js';

const stages = ['off', 'observe', 'coalesce', 'push'];

/**
 * @typedef {import('./types.js').Route} Route
 * @typedef {import('./rates.js').Rate} Rate
 * @typedef {{route: Route, rate: Rate}} Line
 */

/**
 * The columns by which the table can be sorted; the largest first, but for names.
 * @type {{id: string, name: string, hint?: string, value?: (line: Line) => number | string}[]}
 */
const columns = [
  { id: 'route', name: 'Route', value: ({ route }) => route.name },
  { id: 'stage', name: 'Stage', value: ({ route }) => stages.indexOf(route.stage) * 1000 + route.percent },
  { id: 'polls', name: 'Polls in /s', value: ({ rate }) => rate.polls ?? 0 },
  { id: 'calls', name: 'Calls out /s', value: ({ rate }) => rate.calls ?? 0 },
  { id: 'spark', name: '5 min' },
  { id: 'measured', name: 'Measured', hint: '1 − calls ÷ polls, both counted; the last hour', value: ({ route: { window: w } }) => reduction(w.polls, w.upstream) ?? -Infinity },
  { id: 'modelled', name: 'Modelled', hint: 'as measured, with the polls that watchers would have sent', value: ({ route: { window: w } }) => reduction(w.polls, w.upstream, w.avoided) ?? -Infinity },
  { id: 'compared', name: 'Holdout', hint: 'calls of an actor who is treated, compared with the holdout', value: ({ route }) => route.reduction_compared?.reduction ?? -Infinity },
  { id: 'watchers', name: 'Watchers', value: ({ route }) => route.watchers },
  { id: 'age', name: 'Age p50 / p99', hint: 'of what was served from memory, since the start', value: ({ route }) => route.staleness_p99_s ?? -1 },
  { id: 'guard', name: 'Guard', value: ({ route }) => ({ fail: 3, hold: 2, pass: 1, none: 0 })[guardOf(route)] },
];

/**
 * What the guards of a route say together.
 * @param {Route} route
 * @returns {'fail' | 'hold' | 'pass' | 'none'}
 */
export function guardOf({ guards = [], moved }) {
  if (moved?.fallen || guards.some((g) => g.outcome === 'fail')) return 'fail';
  if (guards.length === 0) return 'none';
  return guards.some((g) => g.outcome === 'hold') ? 'hold' : 'pass';
}

/**
 * What is out of the ordinary with a route.
 * @param {Route} route
 */
function tagsOf({ killed, moved, planned, retirable }) {
  return Object.entries({ killed, moved, planned, retirable }).filter(([, is]) => is).map(([tag]) => tag);
}

/** @param {string} text */
function words(text) {
  return text.split(' ').filter(Boolean);
}

/** @param {{routes: Route[], rates: import('./rates.js').Rates, paces: import('./types.js').Paces}} props */
export function RouteTable({ routes, rates, paces }) {
  const [filter, setFilter] = useState('');
  const [sort, setSort] = useState({ id: '', isDown: true });
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useSlash(field);
  const lines = routes
    .filter((r) => `${r.name} ${r.path} ${r.stage} ${tagsOf(r).join(' ')} ${guardOf(r)}`.includes(filter.trim()))
    .map((route) => ({ route, rate: rates.of(route.name) }));
  const sorted = useMemo(() => sortedBy(lines, sort), [lines]);
  const by = (/** @type {string} */ id) => setSort({ id, isDown: sort.id === id ? !sort.isDown : id !== 'route' });
  return html`<section class="card" aria-labelledby="routes">
    <div class="row">
      <h2 id="routes">Routes</h2>
      <label class="filter"><span>Filter</span> <input type="search" ref=${field} value=${filter} placeholder="name, path, stage … ( / )"
        onInput=${(/** @type {InputEvent} */ e) => setFilter(/** @type {HTMLInputElement} */ (e.target).value)} /></label>
    </div>
    <div class="scroll" tabindex="0" role="region" aria-label="Table of routes">
    <table class="routes">
      <thead><tr>${columns.map((c) => html`<th scope="col" class=${`c-${c.id}`} title=${c.hint} aria-sort=${sort.id === c.id ? (sort.isDown ? 'descending' : 'ascending') : null}>
        ${c.value ? html`<button type="button" onClick=${() => by(c.id)}>${c.name}<i aria-hidden="true">${sort.id === c.id ? (sort.isDown ? '▾' : '▴') : ''}</i></button>` : html`<span>${c.name}</span>`}</th>`)}</tr></thead>
      <tbody>${sorted.map(({ route, rate }) => html`<${Row} key=${route.name} ...${figures(route, rate)} pace=${paces[route.name]} />`)}</tbody>
    </table></div>
    ${sorted.length === 0 && html`<p class="quiet">${routes.length ? 'No route matches.' : 'No routes are configured.'}</p>`}
  </section>`;
}

/**
 * @param {Line[]} lines
 * @param {{id: string, isDown: boolean}} sort
 */
function sortedBy(lines, { id, isDown }) {
  const value = columns.find((c) => c.id === id)?.value;
  if (!value) return lines; // as configured
  const compare = (/** @type {Line} */ x, /** @type {Line} */ y) => {
    const [a, b] = [value(x), value(y)];
    return a < b ? -1 : a > b ? 1 : 0;
  };
  return lines.toSorted((x, y) => (isDown ? compare(y, x) : compare(x, y)));
}

/**
 * What a row shows, as texts: it is drawn again only when one of them changes.
 * @param {Route} route
 * @param {Rate} rate
 */
function figures(route, rate) {
  const w = route.window;
  const compared = route.reduction_compared;
  return {
    name: route.name, path: route.path, stage: route.stage, share: route.share, killed: route.killed,
    percent: percent(route.percent), tags: tagsOf(route).join(' '), guard: guardOf(route),
    polls: perSecond(rate.polls), calls: perSecond(rate.calls),
    measured: change(reduction(w.polls, w.upstream)),
    modelled: w.avoided > 0 ? change(reduction(w.polls, w.upstream, w.avoided)) : '–',
    compared: compared ? change(compared.reduction) : '–',
    watchers: whole(route.watchers),
    age: route.staleness_p50_s === null ? '–' : `${seconds(route.staleness_p50_s)} / ${seconds(route.staleness_p99_s)}`,
  };
}

const Row = memoInSight((/** @type {ReturnType<typeof figures> & {pace?: {polls: number[], calls: number[]}, element?: import('preact').RefObject<Element>}} */ f) => html`<tr ref=${f.element}>
  <th scope="row" class="c-route"><a href=${`#/routes/${f.name}`}>${f.name}</a><span class="path">${f.path}</span></th>
  <td class="c-stage" data-name="Stage"><span class=${`stage ${f.killed ? 'off' : f.stage}`}>${f.stage}</span> ${f.percent}${words(f.tags).map((tag) => html` <span class=${`tag ${tone[tag]}`}>${tag}</span>`)}</td>
  <td class="c-polls" data-name="Polls in /s">${f.polls}</td>
  <td class="c-calls" data-name="Calls out /s">${f.calls}</td>
  <td class="c-spark" data-name="5 min"><${Sparkline} polls=${f.pace?.polls} calls=${f.pace?.calls} /></td>
  <td class="c-measured" data-name="Measured">${f.measured}</td>
  <td class="c-modelled" data-name="Modelled">${f.modelled}</td>
  <td class="c-compared" data-name="Holdout">${f.compared}</td>
  <td class="c-watchers" data-name="Watchers">${f.watchers}</td>
  <td class="c-age" data-name="Age p50 / p99">${f.age}</td>
  <td class="c-guard" data-name="Guard"><span class=${`tag ${tone[f.guard]}`}>${f.guard === 'none' ? '–' : f.guard}</span></td>
</tr>`);

const tone = /** @type {Record<string, string>} */ ({ pass: 'good', hold: 'warn', fail: 'bad', none: 'none', killed: 'bad', planned: 'warn', moved: 'none', retirable: 'good' });

/**
 * Has a slash go to a field, as in other tools of this kind.
 * @param {{current: HTMLInputElement | null}} field
 */
function useSlash(field) {
  useLayoutEffect(() => { // in place with the first row
    const press = (/** @type {KeyboardEvent} */ e) => {
      const at = /** @type {HTMLElement} */ (e.target);
      if (e.key !== '/' || e.ctrlKey || e.metaKey || at.closest('input, textarea, select, dialog')) return;
      e.preventDefault();
      field.current?.focus();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}
