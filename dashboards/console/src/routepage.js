import { Advice } from './advice.js';
import { useAnswer } from './answer.js';
import { Audit } from './audit.js';
import { Charts } from './charts.js';
import { Explain } from './explain.js';
import { change, moment, percent, perSecond, seconds, short, span, whole } from './format.js';
import { Figure } from './headline.js';
import { Plan } from './plan.js';
import { Ladder } from './ladder.js';
import { reduction } from './reduction.js';
import { coded, html } from './view.js';

/**
 * @typedef {import('./types.js').Route} Route
 * @typedef {import('./types.js').Past} Past
 */

/** How often the past is asked for, in seconds: as often as a slot ends. */
const slot = 10;

/** @param {{route: Route, rate: import('./rates.js').Rate, now: number, isLive: boolean}} props all about a route; now is the instance's uptime in seconds */
export function RoutePage({ route, rate, now, isLive }) {
  const tick = Math.floor(now / slot);
  const { answer: past } = useAnswer(/** @type {Past | null} */ (null), `/api/v1/history?route=${encodeURIComponent(route.name)}`, tick);
  const figures = { ...rate, watchers: route.watchers, pace: route.interval_ms / 1000, holdout: route.holdout };
  const position = `${route.stage}${route.percent}${route.killed}${route.planned?.at}`;
  return html`
    <p class="crumbs"><a href="#/routes">Routes</a> / ${route.name}</p>
    <div class="row"><h1>${route.name}</h1><span class=${`stage ${route.killed ? 'off' : route.stage}`}>${route.stage}</span><span>${percent(route.percent)}</span>
      ${route.killed && html`<span class="tag bad">killed</span>`}</div>
    <p class="quiet"><code>${route.path}</code> · shares ${route.share} · interval ${seconds(route.interval_ms / 1000)}${route.holdout > 0 && ` · holdout ${percent(route.holdout)}`} · so since ${moment(route.since)}</p>
    <${Standing} route=${route} />
    <${Plan} route=${route} isLive=${isLive} />
    <${Retirement} route=${route} />
    <${Figures} route=${route} rate=${rate} />
    <div class="halves">
      <${Ladder} route=${route} figures=${figures} isLive=${isLive} />
      <${Guards} route=${route} />
    </div>
    ${past && html`<${Charts} past=${past} />
      <div class="halves loose"><${Outcomes} past=${past} /><${Bypasses} past=${past} /></div>`}
    <section class="card" aria-labelledby="advice"><h2 id="advice">Advice</h2><${Advice} route=${route.name} now=${Math.floor(now / 30)} /></section>
    <section class="card" aria-labelledby="explain"><h2 id="explain">Explain a URL</h2><${Explain} /></section>
    <section class="card" aria-labelledby="audit"><h2 id="audit">Audit log</h2><${Audit} route=${route.name} now=${position} /></section>`;
}

/** @param {{route: Route}} props why it stands elsewhere than in the file */
function Standing({ route: { moved, configured } }) {
  if (!moved) return '';
  return html`<p class=${`notice ${moved.fallen ? 'bad' : 'warn'}`}><b>${moved.fallen ? 'A guard stepped it down. It stays there until a person moves it.' : 'It was moved.'}</b>${' '}
    ${moved.who}, ${moment(moved.when)}${moved.why ? `: ${moved.why}` : ''}. The file has it at ${configured.stage} ${percent(configured.percent)}.</p>`;
}

/** @param {{route: Route}} props what can go, once it was pushed to everybody for long enough */
function Retirement({ route: { retirable } }) {
  if (!retirable) return '';
  return html`<section class="card" aria-labelledby="retire"><h2 id="retire">Pushed to everybody for ${retirable.days} days: what can go now</h2>
    <ul class="reasons">${retirable.can_go.map((sentence) => html`<li>${coded(sentence)}</li>`)}</ul></section>`;
}

/** @param {{route: Route, rate: import('./rates.js').Rate}} props */
function Figures({ route, rate }) {
  const w = route.window;
  const c = route.reduction_compared;
  const isModelled = w.avoided > 0;
  return html`<dl class="figures">
    <${Figure} name="polls in" unit="a second" value=${perSecond(rate.polls)} />
    <${Figure} name="calls out" unit="a second" value=${perSecond(rate.calls)} />
    <${Figure} name="measured" unit=${`of ${short(w.polls)} polls in ${span(w.seconds)}`} value=${change(reduction(w.polls, w.upstream))} />
    <${Figure} name="modelled" unit=${isModelled ? `with ${short(w.avoided)} polls not sent` : 'only with watchers'} value=${isModelled ? change(reduction(w.polls, w.upstream, w.avoided)) : '–'} />
    <${Figure} name="compared with holdout" unit=${c ? `${change(c.low)} to ${change(c.high)}, ${Math.round(c.level * 100)} % sure` : 'too little is known'} value=${c ? change(c.reduction) : '–'} />
    <${Figure} name="watchers" unit="open" value=${whole(route.watchers)} />
    <${Figure} name="age p50 / p99" unit="of what was served" value=${route.staleness_p50_s === null ? '–' : `${seconds(route.staleness_p50_s)} / ${seconds(route.staleness_p99_s)}`} />
  </dl>`;
}

const tone = { pass: 'good', hold: 'warn', fail: 'bad' };

/** @param {{route: Route}} props */
function Guards({ route: { guards } }) {
  return html`<section class="card" aria-labelledby="guards"><h2 id="guards">Guards</h2>
    ${guards?.length
    ? html`<ul class="guards">${guards.map((g) => html`<li><span class=${`tag ${tone[g.outcome]}`}>${g.outcome}</span> <b>${g.guard}</b> <span class="quiet">${g.text.replace(`${g.guard}: `, '')}</span></li>`)}</ul>`
    : html`<p class="quiet">They judge routes at coalesce and push, once a second.</p>`}
  </section>`;
}

/** @param {{past: Past}} props how polls were answered, and why calls were made, in the last hour */
function Outcomes({ past }) {
  return html`<section class="card" aria-labelledby="outcomes"><h2 id="outcomes">The last hour</h2>
    <${Shares} caption="Polls, by outcome" columns=${past.outcomes} /><${Shares} caption="Calls, by reason" columns=${past.calls} /></section>`;
}

/** @param {{caption: string, columns: Record<string, number[]>}} props */
function Shares({ caption, columns }) {
  const sums = Object.entries(columns).map(([name, values]) => ({ name, n: values.reduce((a, b) => a + b, 0) })).sort((a, b) => b.n - a.n);
  const total = sums.reduce((a, { n }) => a + n, 0);
  return html`<table class="shares"><caption>${caption}: ${whole(total)}</caption><tbody>
    ${sums.filter(({ n }) => n > 0).map(({ name, n }) => html`<tr><th scope="row">${name}</th><td>${whole(n)}</td><td>${((n / total) * 100).toFixed(1)} %</td>
      <td class="meter"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width=${(n / total) * 100} height="8" /></svg></td></tr>`)}</tbody></table>`;
}

/** @param {{past: Past}} props */
function Bypasses({ past: { bypasses } }) {
  return html`<section class="card" aria-labelledby="bypasses"><h2 id="bypasses">Why polls were not coalesced</h2>
    ${bypasses.length === 0
    ? html`<p class="quiet">None was bypassed since the start.</p>`
    : html`<ul class="bypasses">${bypasses.map((b) => html`<li><p><code>${b.reason}</code> <b>${whole(b.polls)}</b>${b.means && html` · ${coded(b.means)}`}</p>
        ${b.do && html`<p class="quiet">To do: ${coded(b.do)}</p>`}</li>`)}</ul>`}
  </section>`;
}
