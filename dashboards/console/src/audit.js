import { moment } from './format.js';
import { useAnswer } from './answer.js';
import { html } from './view.js';

/** @param {{route: string, now?: unknown}} props who moved what; of all routes if route is ""; asked for again whenever now is another */
export function Audit({ route, now }) {
  const { answer: entries, failure } = useAnswer(/** @type {import('./types.js').AuditEntry[] | null} */ (null), `/api/v1/audit?n=50&route=${encodeURIComponent(route)}`, now);
  if (failure) return html`<p class="bad" role="alert">${failure}</p>`;
  if (!entries) return html`<p class="quiet">…</p>`;
  if (entries.length === 0) return html`<p class="quiet">Nobody has moved anything.</p>`;
  return html`<ol class="audit">${entries.map((e) => html`<li>
    <p><time datetime=${e.when}>${moment(e.when)}</time>${' '}${!route && html`<b>${e.route || 'all routes'}</b>`}${' '}<span class="move">${e.from} → ${e.to}</span></p>
    <p class="quiet">${e.who}${e.why ? `: ${e.why}` : ''}</p></li>`)}</ol>`;
}
