import { moment } from './format.js';
import { html } from './view.js';

/** @param {{live: import('./live.js').Live}} props what is out of the ordinary, in words */
export function Notices({ live }) {
  const { snapshot } = live;
  return html`<div class="notices" role="status">
    ${live.gone && html`<p class="notice bad"><b>The instance is gone.</b> ${live.gone} The figures are the last that came; trying again.</p>`}
    ${live.isUpgraded && html`<p class="notice warn"><b>Pollard was upgraded.</b> This page is of the version before.
      <button type="button" onClick=${() => location.reload()}>Reload</button></p>`}
    ${live.hasRestarted && !live.isUpgraded && html`<p class="notice warn"><b>The instance has restarted</b> while this page was open: counts began anew.</p>`}
    ${snapshot?.fleet && snapshot.fleet.rifts.length > 0 && html`<p class="notice warn"><b>The fleet does not act as one.</b> ${snapshot.fleet.rifts[0]}
      ${' '}<a href="#/fleet">${snapshot.fleet.rifts.length > 1 ? `and ${snapshot.fleet.rifts.length - 1} more` : 'The fleet'}</a></p>`}
    ${snapshot?.not_ready && html`<p class="notice warn"><b>Not ready:</b> ${snapshot.not_ready}.</p>`}
    ${snapshot?.kill && html`<p class="notice bad"><b>The kill switch is thrown: every poll passes through.</b>${' '}
      ${snapshot.kill.who}, ${moment(snapshot.kill.when)}${snapshot.kill.why ? `: ${snapshot.kill.why}` : ''}
      ${snapshot.kill.by_file && '. It ends when the kill file is removed.'}</p>`}
  </div>`;
}
