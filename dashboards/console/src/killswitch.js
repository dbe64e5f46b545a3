import { useState } from 'preact/hooks';

import { change } from './api.js';
import { Confirm } from './confirm.js';
import { html } from './view.js';

/** @param {{kill?: import('./types.js').Snapshot['kill'], isLive: boolean}} props the button that has everything pass through, and back */
export function KillSwitch({ kill, isLive }) {
  const [isAsking, setAsking] = useState(false);
  const [warning, setWarning] = useState('');
  const close = (/** @type {string | undefined} */ said) => {
    setAsking(false);
    setWarning(said ?? '');
  };
  const path = '/api/v1/kill';
  return html`<div class="kill">
    ${kill
    ? html`<button type="button" class="revive" disabled=${kill.by_file || !isLive} onClick=${() => setAsking(true)}>Revive</button>`
    : html`<button type="button" class="grave" disabled=${!isLive} onClick=${() => setAsking(true)}>Kill switch</button>`}
    ${isAsking && (kill
    ? html`<${Confirm} title="Revive all routes?" action="Revive" close=${close}
        run=${(/** @type {string} */ who, /** @type {string} */ why) => change('DELETE', path, { why }, who)}>
        <p>Every route stands again where it stood before. What is remembered from before is asked for anew.</p></${Confirm}>`
    : html`<${Confirm} title="Throw the kill switch?" action="Kill" isGrave=${true} close=${close}
        run=${(/** @type {string} */ who, /** @type {string} */ why) => change('PUT', path, { why }, who)}>
        <p>Within a second every poll of every route passes through to the fleet, as if Pollard were not there. Watchers are told to poll.
          It stays so until somebody revives.</p></${Confirm}>`)}
  </div>
  ${warning && html`<p class="notice warn aside" role="alert">It is ${warning}. <button type="button" class="link" onClick=${() => setWarning('')}>All right</button></p>`}`;
}
