import { useState } from 'preact/hooks';

import { change } from './api.js';
import { Confirm } from './confirm.js';
import { consequence } from './consequence.js';
import { moment, percent } from './format.js';
import { html } from './view.js';

const stages = /** @type {const} */ (['off', 'observe', 'coalesce', 'push']);
const steps = [1, 5, 25, 50, 100];

/**
 * The ladder of a route: where it stands, and where to move it.
 * @param {{route: import('./types.js').Route, figures: import('./consequence.js').Figures, isLive: boolean}} props
 */
export function Ladder({ route, figures, isLive }) {
  const [wish, setWish] = useState(/** @type {import('./types.js').Position | null} */ (null));
  const [at, setAt] = useState(''); // as the field has it: a time of day where whoever looks is; none is now
  const [isAsking, setAsking] = useState(false);
  const [warning, setWarning] = useState('');
  const to = wish ?? { stage: route.stage, percent: route.percent };
  const isMove = to.stage !== route.stage || to.percent !== route.percent;
  const isValid = to.percent >= 0 && to.percent <= 100;
  const done = (/** @type {string | undefined} */ said) => {
    setAsking(false);
    setWarning(said ?? '');
  };
  const run = async (/** @type {string} */ who, /** @type {string} */ why) => {
    const answer = await change('PUT', `/api/v1/routes/${route.name}`, { ...to, why, at: at ? new Date(at).toISOString() : undefined }, who);
    setWish(null);
    setAt('');
    return answer;
  };
  const setPercent = (/** @type {InputEvent} */ e) => setWish({ ...to, percent: Number(/** @type {HTMLInputElement} */ (e.target).value) });
  return html`<section class="card ladder" aria-labelledby="ladder"><h2 id="ladder">Ladder</h2>
    <fieldset><legend>Stage</legend>
      <div class="stages">${stages.map((stage) => html`<label class=${to.stage === stage ? 'chosen' : ''}>
        <input type="radio" name="stage" checked=${to.stage === stage} onChange=${() => setWish({ ...to, stage })} />${stage}</label>`)}</div>
    </fieldset>
    <div class="slider">
      <label for="percent">Actors on this rung</label>
      <input id="percent" type="range" min="0" max="100" step="1" list="steps" value=${to.percent} onInput=${setPercent} />
      <datalist id="steps">${steps.map((s) => html`<option value=${s} />`)}</datalist>
      <input type="number" aria-label="Percent of the actors" min="0" max="100" step="0.001" value=${to.percent} onInput=${setPercent} /> %
    </div>
    <div class="row"><span class="steps">${steps.map((s) => html`<button type="button" onClick=${() => setWish({ ...to, percent: s })}>${s} %</button>`)}</span>
      <label class="at">At <input type="datetime-local" aria-label="When to move; at once if empty" value=${at}
        onInput=${(/** @type {InputEvent} */ e) => setAt(/** @type {HTMLInputElement} */ (e.target).value)} /></label>
      <button type="button" class="primary" disabled=${!isMove || !isValid || !isLive} onClick=${() => setAsking(true)}>Move …</button></div>
    ${isMove && html`<p class="quiet" role="status">From ${route.stage} ${percent(route.percent)} to ${to.stage} ${percent(to.percent)}. <button type="button" class="link" onClick=${() => setWish(null)}>Undo</button></p>`}
    ${warning && html`<p class="notice warn" role="alert">It is ${warning}.</p>`}
    ${isAsking && html`<${Confirm} title=${`Move ${route.name} to ${to.stage} ${percent(to.percent)}?`} action=${at ? 'Plan' : 'Move'} close=${done} run=${run}>
      ${at && html`<p><b>At ${moment(at)}</b>, unless it is moved before.</p>`}
      <ul class="reasons">${consequence(route, to, figures).map((s) => html`<li>${s}</li>`)}
        ${route.killed && html`<li><b>The kill switch is thrown:</b> it takes effect when somebody revives.</li>`}</ul>
      <p class="quiet">Estimated from the last ten seconds, on this instance.</p></${Confirm}>`}
  </section>`;
}
