import { useAnswer } from './answer.js';
import { change } from './format.js';
import { Paste } from './found.js';
import { coded, html } from './view.js';

/** @param {{advice: import('./types.js').Advice}} props */
export function Reasons({ advice: { reasons, needs, question } }) {
  return html`<ul class="reasons">
    ${reasons?.map((r) => html`<li>${coded(r)}</li>`)}
    ${question && html`<li><b>Only you can know:</b> ${coded(question)}</li>`}
    ${needs?.map((n) => html`<li class="quiet">${coded(n)}</li>`)}
  </ul>`;
}

/** @param {{route: string, now: unknown}} props what observing has learnt of a route */
export function Advice({ route, now }) {
  const { answer, failure } = useAnswer(/** @type {import('./types.js').Advice[] | null} */ (null), '/api/v1/advice', now);
  if (failure) return html`<p class="bad" role="alert">${failure}</p>`;
  const advice = answer?.find((a) => a.route === route && !a.is_new);
  if (!advice) return html`<p class="quiet">${answer ? 'No poll of this route has been seen that would teach anything.' : '…'}</p>`;
  return html`<${Reasons} advice=${advice} />
    ${advice.predictions?.length ? html`<${Predictions} advice=${advice} />` : ''}
    ${advice.is_polled && html`<${Paste} text=${advice.yaml} />`}`;
}

/** @param {{advice: import('./types.js').Advice}} props */
function Predictions({ advice: { predictions } }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Predictions"><table>
    <caption>Predicted, never mixed with what is measured</caption>
    <thead><tr><th scope="col">Stage</th><th scope="col">Share</th><th scope="col">Calls</th><th scope="col">95 % interval</th></tr></thead>
    <tbody>${predictions?.map(({ stage, share, deliver, reduction: r }) => html`<tr><td>${stage}${deliver === 'signal' ? ', signals' : ''}</td><td>${share}</td><td>${change(r.point ?? null)}</td>
      <td>${r.low == null || r.high == null ? 'not known yet' : `${change(r.low)} to ${change(r.high)}`}</td></tr>`)}</tbody>
  </table></div>`;
}
