import { useState } from 'preact/hooks';

import { askJSON } from './api.js';
import { Documents } from './documents.js';
import { html } from './view.js';

/** @typedef {import('./types.js').Explanation} Explanation */

/** What becomes of polls of a pasted URL, and what last happened to its documents. */
export function Explain() {
  const [asked, setAsked] = useState('');
  const [told, setTold] = useState(/** @type {Explanation | null} */ (null));
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

/** @param {{told: Explanation}} props */
function Told({ told }) {
  const { key } = told;
  return html`<p class="told"><b>It ${decisions[told.decision] ?? told.decision}: ${told.reason}</b></p>
    <dl class="facts">
      <dt>URL</dt><dd><code>${told.url}</code></dd>
      <dt>Route</dt><dd>${told.pattern ? html`<a href=${`#/routes/${told.route}`}>${told.route}</a>, <code>${told.pattern}</code>` : 'none'}</dd>
      ${told.stage && html`<dt>Stage</dt><dd>${told.stage} ${told.percent} %, shares ${told.share}</dd>`}
      ${key && html`<dt>Who asks is told by</dt><dd>${key.identity.join(', ') || 'nothing: it is shared by everybody'}</dd>
        <dt>Representations differ by</dt><dd>${key.variant.join(', ')}</dd>`}
    </dl>
    ${told.documents.length === told.why.length
    ? html`<${Documents} all=${told.documents} why=${told.why} />`
    : html`<ul class="reasons">${told.why.map((sentence) => html`<li>${sentence}</li>`)}</ul><${Documents} all=${told.documents} />`}`;
}
