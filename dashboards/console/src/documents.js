import { moment, span, whole } from './format.js';
import { html } from './view.js';

/**
 * @typedef {import('./types.js').DocumentState} DocumentState
 * @typedef {import('./types.js').DocumentEvent} DocumentEvent
 */

/** Of how many documents it is shown from the start what happened to them. */
const open = 1;

/**
 * @param {{all: DocumentState[], why?: string[]}} props the documents behind a URL, one for each identity and variant, and what last happened
 *   to each; why says of each why a page may not have updated
 */
export function Documents({ all, why = [] }) {
  if (all.length === 0) return '';
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Documents"><table><caption>Documents that this instance holds</caption>
      <thead><tr><th scope="col">Document</th><th scope="col">ETag</th><th scope="col">Bytes</th><th scope="col">Confirmed</th><th scope="col">Next call from</th><th scope="col">Now</th></tr></thead>
      <tbody>${all.map((d) => html`<tr><td><code>${d.document}</code></td><td><code>${d.etag}</code></td><td>${whole(d.bytes)}</td>
        <td>${d.asked ? moment(d.asked) : '–'}</td><td>${d.due ? moment(d.due) : '–'}</td><td>${now(d)}</td></tr>`)}</tbody></table></div>
    ${all.map((d, i) => html`<${Events} key=${d.document} document=${d} why=${why[i]} isOpen=${i < open} />`)}`;
}

/** @param {DocumentState} d */
function now(d) {
  if (d.passing) return `passes: ${d.passing}`;
  if (d.in_flight) return `asked for; ${d.waiters} wait`;
  return d.watched ? 'held, and watched' : 'held';
}

/** @param {{document: DocumentState, why?: string, isOpen: boolean}} props what last happened to a document, the newest first */
function Events({ document: { document, events }, why, isOpen }) {
  if (!events?.length) return '';
  return html`<details class="events" open=${isOpen}><summary>What last happened to <code>${document}</code></summary>
    ${why && html`<p class="why">${why}</p>`}
    <div class="scroll" tabindex="0" role="region" aria-label=${`What last happened to ${document}`}><table>
      <thead><tr><th scope="col">Time</th><th scope="col">Cause</th><th scope="col">Result</th><th scope="col">Status</th><th scope="col">ETag</th></tr></thead>
      <tbody>${events.toReversed().map((e) => html`<tr><td>${time(e)}</td><td>${e.cause}</td><td>${e.result ?? '–'}${e.detail && `: ${e.detail}`}</td>
        <td>${e.status ?? '–'}</td><td><code>${e.etag ?? '–'}</code></td></tr>`)}</tbody></table></div></details>`;
}

/** @param {DocumentEvent} e */
function time(e) {
  const last = html`<time datetime=${e.last}>${moment(e.last)}</time>`;
  if (e.times === 1) return last;
  return html`${last}<span class="quiet times">${whole(e.times)} times in ${span((Date.parse(e.last) - Date.parse(e.first)) / 1000)}</span>`;
}
