import { useState } from 'preact/hooks';

import { change } from './api.js';
import { Confirm } from './confirm.js';
import { moment, percent } from './format.js';
import { html } from './view.js';

/** @param {{route: import('./types.js').Route, isLive: boolean}} props a move that waits for its time, and how to drop it */
export function Plan({ route: { name, stage, percent: share, planned }, isLive }) {
  const [isAsking, setAsking] = useState(false);
  const [warning, setWarning] = useState('');
  const done = (/** @type {string | undefined} */ said) => {
    setAsking(false);
    setWarning(said ?? '');
  };
  if (!planned) return warning && html`<p class="notice warn" role="alert">It is ${warning}.</p>`;
  return html`<p class="notice warn planned"><b>Planned: ${planned.stage} ${percent(planned.percent)} at ${moment(planned.at)}.</b>${' '}
      ${planned.who}${planned.why ? `: ${planned.why}` : ''}. Whatever is moved before drops it.${' '}
      <button type="button" disabled=${!isLive} onClick=${() => setAsking(true)}>Drop the plan …</button></p>
    ${isAsking && html`<${Confirm} title=${`Drop the plan for ${name}?`} action="Drop" close=${done}
      run=${(/** @type {string} */ who, /** @type {string} */ why) => change('PUT', `/api/v1/routes/${name}`, { stage, percent: share, why }, who)}>
      <p>It stays at ${stage} ${percent(share)}.</p></${Confirm}>`}`;
}
