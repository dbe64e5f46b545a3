import { perSecond, span, whole } from './format.js';
import { headline } from './reduction.js';
import { html } from './view.js';

/** @param {{snapshot: import('./types.js').Snapshot, rate: import('./rates.js').Rate}} props the sentence for a director, and the rates now */
export function Headline({ snapshot, rate }) {
  const told = headline(snapshot.total);
  const watchers = snapshot.routes.reduce((sum, r) => sum + r.watchers, 0);
  return html`<section class="hero" aria-label="What is saved">
    ${told
    ? html`<h1>${told.wanted} calls a day would have reached the fleet; <span class="nowrap">${told.made} did:</span>${' '}<strong>${told.change}</strong></h1>
        <p class="quiet">${told.basis}</p>`
    : html`<h1>${snapshot.routes.length ? 'No poll has been counted yet.' : 'There are no routes yet.'}</h1>
        <p class="quiet">${snapshot.routes.length ? 'The figures come with the first polls.' : 'Polls pass through. What looks polled is listed under Found.'}</p>`}
    <dl class="figures">
      <${Figure} name="polls in" unit="a second" value=${perSecond(rate.polls)} />
      <${Figure} name="calls out" unit="a second" value=${perSecond(rate.calls)} />
      <${Figure} name="not sent (modelled)" unit="polls a second" value=${perSecond(rate.avoided)} />
      <${Figure} name="watchers" unit="open" value=${whole(watchers)} />
      <${Figure} name="routes" unit=${`on ${snapshot.name}, up ${span(snapshot.uptime_s)}`} value=${whole(snapshot.routes.length)} />
      ${snapshot.fleet && html`<${Figure} name="instances" unit=${snapshot.fleet.rifts.length ? 'not as one' : 'as one'} value=${whole(1 + snapshot.fleet.others.length)} />`}
    </dl>
  </section>`;
}

/** @param {{name: string, unit: string, value: string}} props */
export function Figure({ name, unit, value }) {
  return html`<div><dt>${name}</dt><dd><b>${value}</b> <span>${unit}</span></dd></div>`;
}
