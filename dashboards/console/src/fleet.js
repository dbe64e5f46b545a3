import { moment } from './format.js';
import { html } from './view.js';

/**
 * @typedef {import('./types.js').Fleet} Fleet
 * @typedef {import('./types.js').Member} Member
 */

/** What a mode means for whoever operates it. */
const modes = /** @type {Record<string, string>} */ ({
  together: 'one call to upstream for all instances',
  deaf: 'one call for all, but no hints: this instance looks for what others have learnt',
  alone: 'each asks upstream for itself',
});

const tones = /** @type {Record<string, string>} */ ({ together: 'good', deaf: 'warn', alone: 'bad' });

/** @param {{snapshot: import('./types.js').Snapshot}} props which instance is looked at, and which others there are */
export function FleetPage({ snapshot: { name, fleet } }) {
  if (!fleet) {
    return html`<h1>Fleet</h1><section class="card"><p>This is <b>${name}</b>, an instance by itself. With <code>redis</code> in the configuration,
      instances ask upstream together and stand on one ladder.</p></section>`;
  }
  return html`<div class="row"><h1>Fleet ${fleet.name}</h1>
      <span class=${`tag ${fleet.rifts.length ? 'bad' : 'good'}`}>${fleet.rifts.length ? 'does not act as one' : 'acts as one'}</span></div>
    <section class="card" aria-labelledby="joined"><h2 id="joined">How this instance is joined</h2>
      <dl class="facts">
        <dt>This instance</dt><dd><b>${name}</b></dd>
        <dt>Redis</dt><dd><span class=${`tag ${fleet.up ? 'good' : 'bad'}`}>${fleet.up ? 'up' : 'down'}</span> <code>pollard_redis_up</code> ${fleet.up ? 1 : 0}${fleet.why && `: ${fleet.why}`}</dd>
        <dt>Mode</dt><dd><${Mode} mode=${fleet.self.mode} /> ${modes[fleet.self.mode]}</dd>
        <dt>Rollout</dt><dd>${fleet.apart ? html`<span class="tag bad">alone</span> ${fleet.apart}` : html`<span class="tag good">the fleet's</span> what is moved here is moved everywhere`}</dd>
      </dl>
      ${fleet.rifts.length > 0 && html`<ul class="reasons rifts">${fleet.rifts.map((r) => html`<li>${r}</li>`)}</ul>`}
    </section>
    <section class="card" aria-labelledby="instances"><h2 id="instances">Instances</h2>
      <div class="scroll" tabindex="0" role="region" aria-label="Table of instances"><table class="instances">
        <thead><tr><th scope="col">Instance</th><th scope="col">Mode</th><th scope="col">Build</th><th scope="col">Routes</th><th scope="col">Last heard of</th></tr></thead>
        <tbody><${Row} member=${{ ...fleet.self, name }} self=${fleet.self} heard="this one" />
          ${fleet.others.map((m) => html`<${Row} member=${m} self=${fleet.self} heard=${m.heard ? moment(m.heard) : '–'} />`)}</tbody></table></div>
      <p class="quiet">${fleet.up ? 'Each says from time to time that it is there, by Redis; who was silent three times is not listed any more.' : 'Without Redis nobody hears of the others: those that are not listed may well run.'}
        ${' '}Figures, charts and documents on the other pages are this instance's.</p></section>`;
}

/** @param {{member: Member, self: Member, heard: string}} props */
function Row({ member, self, heard }) {
  const differs = (/** @type {boolean} */ isSame, /** @type {string} */ text) => (isSame ? text : html`<b>${text}</b> <span class="tag warn">differs</span>`);
  return html`<tr><th scope="row"><b>${member.name}</b></th><td><${Mode} mode=${member.mode} /></td>
    <td>${differs(member.build === self.build, member.build)}</td><td>${differs(member.routes === self.routes, member.routes)}</td><td>${heard}</td></tr>`;
}

/** @param {{mode: string}} props */
function Mode({ mode }) {
  return html`<span class=${`tag ${tones[mode] ?? 'none'}`}>${mode}</span>`;
}
