import { useState } from 'preact/hooks';

import { Reasons } from './advice.js';
import { useAnswer } from './answer.js';
import { whole } from './format.js';
import { html } from './view.js';

/** URLs that look polled and are on no route, with what to paste. */
export function Found() {
  const [asked, setAsked] = useState(0);
  const { answer, failure } = useAnswer(/** @type {import('./types.js').Advice[] | null} */ (null), '/api/v1/advice', asked);
  const found = answer?.filter((a) => a.is_new && a.is_polled);
  return html`<div class="row"><h1>URLs that look polled, but are no route yet</h1>
      <button type="button" onClick=${() => setAsked(asked + 1)}>Look again</button></div>
    ${failure && html`<p class="bad" role="alert">${failure}</p>`}
    ${found?.length === 0 && html`<p class="card">None. Whatever is polled and passes by is found by itself, and listed here.</p>`}
    ${found?.map((a) => html`<section class="card found" key=${a.path}>
      <h2><code>${a.path}</code></h2>
      <p class="quiet">${whole(a.polls)} polls${a.example && html`, such as <code>${a.example}</code>`}</p>
      <${Reasons} advice=${a} />
      <${Paste} text=${`routes:\n${a.yaml}`} />
    </section>`)}`;
}

/** @param {{text: string}} props lines of a configuration, and a button that copies them */
export function Paste({ text }) {
  const [state, setState] = useState('Copy');
  const copy = () => navigator.clipboard.writeText(text).then(() => setState('Copied'), () => setState('Select and copy by hand'));
  return html`<div class="paste"><pre tabindex="0" aria-label="Configuration">${text}</pre><button type="button" onClick=${copy} aria-live="polite">${state}</button></div>`;
}
