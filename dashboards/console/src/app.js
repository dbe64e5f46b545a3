import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import { Boundary } from './boundary.js';
import { Explain } from './explain.js';
import { FleetPage } from './fleet.js';
import { Found } from './found.js';
import { Headline } from './headline.js';
import { KillSwitch } from './killswitch.js';
import { Audit } from './audit.js';
import { Notices } from './notices.js';
import { RoutePage } from './routepage.js';
import { RouteTable } from './routetable.js';
import { TokenForm } from './token.js';
import { useLive } from './live.js';
import { html } from './view.js';

/** The pages, by the first part of the fragment. */
const pages = [['routes', 'Routes'], ['found', 'Found'], ['explain', 'Explain'], ['audit', 'Audit'], ['fleet', 'Fleet']];

/** The console. */
export function App() {
  const place = usePlace();
  const live = useLive();
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const moves = useRef(0);
  useEffect(() => {
    if (moves.current++ > 0) heading.current?.focus(); // whoever listens to the page is told that it is another
  }, [place.page, place.name]);

  if (live.needsToken) return html`<main class="alone"><h1>Pollard</h1><${TokenForm} refused=${live.needsToken} done=${live.retry} /></main>`;
  return html`
    <a class="skip" href="#content" onClick=${(/** @type {Event} */ e) => { e.preventDefault(); heading.current?.focus(); }}>Skip to the content</a>
    <header class="bar">
      <a class="brand" href="#/routes"><img src="/icon.svg" alt="" width="28" height="28" />Pollard</a>
      <nav aria-label="Pages">
        ${pages.map(([id, name]) => html`<a href=${`#/${id}`} aria-current=${place.page === id ? 'page' : null}>${name}</a>`)}
      </nav>
      <${Status} live=${live} />
      ${live.snapshot && html`<${KillSwitch} kill=${live.snapshot.kill} isLive=${live.isLive} />`}
    </header>
    <${Notices} live=${live} />
    <main id="content" tabindex="-1" ref=${heading} class=${live.isLive ? '' : 'old'}>
      ${live.snapshot ? html`<${Boundary} at=${location.hash}><${Page} place=${place} live=${live} /></${Boundary}>` : html`<p class="quiet">Waiting for the first figures …</p>`}
    </main>`;
}

/** @param {{place: Place, live: import('./live.js').Live}} props */
function Page({ place, live }) {
  const snapshot = /** @type {import('./types.js').Snapshot} */ (live.snapshot);
  if (place.page === 'found') return html`<${Found} />`;
  if (place.page === 'explain') return html`<h1>Explain a URL</h1><section class="card"><${Explain} /></section>`;
  if (place.page === 'audit') return html`<h1>Audit log</h1><section class="card"><${Audit} route="" /></section>`;
  if (place.page === 'fleet') return html`<${FleetPage} snapshot=${snapshot} />`;
  if (place.name) {
    const route = snapshot.routes.find((r) => r.name === place.name);
    if (!route) return html`<h1>${place.name}</h1><p>There is no such route. A reload may have removed it. <a href="#/routes">All routes</a></p>`;
    return html`<${RoutePage} key=${route.name} route=${route} rate=${live.rates.of(route.name)} now=${snapshot.uptime_s} isLive=${live.isLive} />`;
  }
  return html`
    <${Headline} snapshot=${snapshot} rate=${live.rates.total()} />
    <${RouteTable} routes=${snapshot.routes} rates=${live.rates} paces=${live.paces} />`;
}

/** @param {{live: import('./live.js').Live}} props */
function Status({ live }) {
  const word = live.isLive ? 'live' : live.snapshot ? 'no connection' : 'connecting';
  return html`<span class=${`status ${live.isLive ? 'good' : 'bad'}`}><i aria-hidden="true"></i>${word}</span>`;
}

/** @typedef {{page: string, name: string}} Place */

/**
 * The place that the fragment names: #/routes/NAME.
 * @returns {Place}
 */
function usePlace() {
  const [place, setPlace] = useState(placeOf(location.hash));
  useLayoutEffect(() => { // in place with the first page: a move before it would be missed
    const moved = () => setPlace(placeOf(location.hash));
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  useEffect(() => {
    document.title = place.name ? `${place.name} · Pollard` : 'Pollard';
  }, [place]);
  return place;
}

/**
 * @param {string} hash
 * @returns {Place}
 */
function placeOf(hash) {
  const [, page = '', name = ''] = hash.split('/');
  return { page: pages.some(([id]) => id === page) ? page : 'routes', name: page === 'routes' ? name : '' };
}
