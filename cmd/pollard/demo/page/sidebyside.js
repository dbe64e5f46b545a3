/*
 * The two frames are on other ports, so this page cannot look inside: each tells by a message that it has polled, and what it shows. How
 * many of those polls reached the application, and how long changes took to be shown, comes from the application's side, by the stream of
 * events.
 */
'use strict';

const byId = (id) => document.getElementById(id);
const select = byId('document');
const sides = ['through', 'direct'].map((name) => {
  const element = byId(name);
  const base = `${location.protocol}//${location.hostname}:${document.body.dataset[name]}`;
  return { name, element, base, frame: element.querySelector('iframe'), path: '', tag: '', polls: {} };
});
let atFirst = null; // the counts of the first event: what was shared before this page came is not its business
let documents = null; // of the last event
let { script } = document.body.dataset; // the further one of the page on the left
let view = 0; // counts what was opened: the first state of each was there before

const number = (n) => Math.round(n).toLocaleString('en');
const percent = (part) => (part === null ? '–' : `${(100 * part).toFixed(1)} %`);
const seconds = ({ ms, samples }) => (samples === 0 ? '–' : `${(ms / 1000).toFixed(2)} s`);

function put(side, name, text) {
  const place = side.element.querySelector(`[data-field="${name}"]`);
  if (place) place.textContent = text;
  return place;
}

function putDelay(side, name, delay) {
  put(side, name, seconds(delay)).title = delay.samples === 1 ? 'one change' : `median of ${delay.samples} changes`;
}

function open(page) {
  view += 1;
  for (const side of sides) {
    side.tag = '';
    side.path = select.selectedOptions[0].dataset.poll;
    side.frame.src = side.base + page;
    const address = side.element.querySelector('[data-field="address"]');
    address.href = address.textContent = side.base + page;
  }
  showStep();
}

function told(event) {
  const side = sides.find((s) => s.frame.contentWindow === event.source && s.base === event.origin);
  if (!side || typeof event.data.path !== 'string') return;
  const { path, state, tag } = event.data;
  side.path = path;
  showStep();
  if (state === 'asking') side.polls[path] = (side.polls[path] || 0) + 1;
  put(side, 'polls', number(side.polls[path] || 0));
  side.element.querySelector('.note').classList.toggle('broken', state === 'broken');
  if (!tag || tag === side.tag) return;
  side.tag = tag;
  post('/shown', { side: side.name, view, path, tag });
}

function post(target, fields) {
  return fetch(target, { method: 'POST', body: new URLSearchParams(fields) });
}

/* Presses one of the two buttons. A job has no secrets, but not everybody may finish it. */
async function press(target) {
  const response = await post(target, { path: sides[0].path });
  byId('trouble').textContent = response.ok ? '' : `That was refused with ${response.status}: ${await response.text()}`;
}

/* Names what can be done next to the document on the left. */
function showStep() {
  const next = documents && documents[sides[0].path];
  byId('step').disabled = !next;
  if (next) byId('step').textContent = next.step.label;
}

function cell(row, content) {
  const td = row.insertCell();
  if (content instanceof Node) td.append(content); else td.textContent = content;
}

function meter(part) {
  const m = document.createElement('meter');
  m.value = part === null ? 0 : part;
  m.setAttribute('aria-hidden', 'true'); // the number stands beside it
  return m;
}

function show(news) {
  documents = news.documents;
  atFirst = atFirst || documents;
  for (const side of sides) {
    putDelay(side, 'own', news[side.name].own);
    putDelay(side, 'others', news[side.name].others);
    const reached = documents[side.path];
    if (!reached) continue;
    put(side, 'calls', number(reached[side.name]));
    put(side, 'shared', number(reached.shared - atFirst[side.path].shared));
  }
  showStep();
  showTour(news.chapters);
  showScript(news.script);
  showFleet(news);
}

/* The tour adds the script when it comes to push: from then on the page has it. */
function showScript(added) {
  if (added === script) return;
  script = added;
  byId('added').querySelector('code').textContent = `<script src="${script}">`;
  byId('added').hidden = !script;
  byId('unchanged').hidden = Boolean(script);
  open(select.value);
}

function showTour(chapters) {
  if (!chapters) return;
  byId('tour').hidden = false;
  const current = chapters.length - 1;
  write(byId('tour-title'), `${current + 1}. ${chapters[current].title}`);
  write(byId('tour-says'), chapters[current].says);
  const found = chapters.findLastIndex(({ ended }) => ended);
  byId('tour-found').hidden = found < 0;
  if (found >= 0) {
    write(byId('tour-found').querySelector('summary'), `What came of chapter ${found + 1}, ${chapters[found].title}`);
    write(byId('tour-found').querySelector('pre'), chapters[found].found);
  }
  byId('tour-chapters').replaceChildren(...chapters.map(chip));
}

/* Leaves what is there as it is: what is selected stays so, and what is read aloud is read once. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function chip({ title, ended, reduction }, i) {
  const li = document.createElement('li');
  li.textContent = ended ? `${title}: ${percent(reduction)}` : title;
  if (!ended) li.setAttribute('aria-current', 'step');
  return li;
}

function showFleet({ seconds: elapsed, routes, total, watchers, received }) {
  for (const name of ['polls', 'avoided', 'upstream']) byId(name).textContent = number(total[name]);
  byId('watchers').textContent = number(watchers);
  byId('reduction').textContent = percent(total.reduction);
  byId('elapsed').textContent = `${elapsed} s`;
  const body = byId('routes');
  body.textContent = '';
  for (const route of [...routes, { name: 'total', received, watchers, ...total }]) {
    const row = body.insertRow();
    const counts = [route.polls, route.avoided, route.watchers, route.upstream, route.received];
    [route.name, ...counts.map(number), percent(route.reduction), meter(route.reduction)].forEach((content) => cell(row, content));
  }
}

window.addEventListener('message', told);
select.addEventListener('change', () => open(select.value));
byId('controls').addEventListener('submit', (event) => {
  event.preventDefault();
  press('/step');
});
byId('change').addEventListener('click', () => press('/change'));
document.addEventListener('visibilitychange', () => { // a page out of sight does not poll: what it missed is nobody's delay
  view += 1;
  for (const side of sides) side.tag = '';
});
new EventSource('/events').onmessage = (event) => show(JSON.parse(event.data));
open(select.value);
