import { useState } from 'preact/hooks';

import { askJSON } from './api.js';
import { moment, whole } from './format.js';
import { html } from './view.js';

/** What becomes of polls of a pasted URL. */
export function Explain() {
  const [asked, setAsked] = useState('');
  const [told, setTold] = useState(/** @type {Record<string, any> | null} */ (null));
  const [failure, setFailure] = useState('');
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    try {
      setTold(await askJSON(`/api/v1/explain?url=${encodeURIComponent(asked.trim())}`));
      setFailure('');
    } catch (refusal) {
      setTold(null);
      setFailure(/** @type {Error} */ (refusal).message);
    }
  };
  return html`<form class="explain" role="search" aria-label="Explain" onSubmit=${submit}>
      <label for="url">URL or path that is polled</label>
      <div class="row"><input id="url" name="url" required placeholder="https://example.com/group/project/-/issues/1/realtime_changes" value=${asked}
        onInput=${(/** @type {InputEvent} */ e) => setAsked(/** @type {HTMLInputElement} */ (e.target).value)} />
      <button type="submit" class="primary">Explain</button></div>
    </form>
    <div role="status">${failure && html`<p class="bad">${failure}</p>`}${told && html`<${Told} told=${told} />`}</div>`;
}

const decisions = /** @type {Record<string, string>} */ ({ pass: 'passes through', bypass: 'passes through, though its rung would coalesce it', coalesce: 'is coalesced' });

/** @param {{told: Record<string, any>}} props */
function Told({ told }) {
  const { key, documents = [] } = told;
  return html`<p class="told"><b>It ${decisions[told.decision] ?? told.decision}: ${told.reason}</b></p>
    <dl class="facts">
      <dt>URL</dt><dd><code>${told.url}</code></dd>
      <dt>Route</dt><dd>${told.pattern ? html`<a href=${`#/routes/${told.route}`}>${told.route}</a>, <code>${told.pattern}</code>` : 'none'}</dd>
      ${told.stage && html`<dt>Stage</dt><dd>${told.stage} ${told.percent} %, shares ${told.share}</dd>`}
      ${key && html`<dt>Who asks is told by</dt><dd>${key.identity.join(', ') || 'nothing: it is shared by everybody'}</dd>
        <dt>Representations differ by</dt><dd>${key.variant.join(', ')}</dd>`}
    </dl>
    ${documents.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Documents"><table><caption>Documents that this instance holds</caption>
      <thead><tr><th scope="col">Document</th><th scope="col">ETag</th><th scope="col">Bytes</th><th scope="col">Confirmed</th><th scope="col">Next call from</th><th scope="col">Now</th></tr></thead>
      <tbody>${documents.map((/** @type {Record<string, any>} */ d) => html`<tr><td><code>${d.document}</code></td><td><code>${d.etag}</code></td><td>${whole(d.bytes)}</td>
        <td>${d.asked ? moment(d.asked) : '–'}</td><td>${d.due ? moment(d.due) : '–'}</td>
        <td>${d.passing ? `passes: ${d.passing}` : d.in_flight ? `asked for; ${d.waiters} wait` : 'held'}</td></tr>`)}</tbody></table></div>`}`;
}
