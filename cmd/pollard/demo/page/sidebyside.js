/*
 * The two frames are on other ports, so this page cannot look inside: each tells by a message that it has polled. How many of those polls
 * reached the application comes from the application, by the stream of events.
 */
'use strict';

const select = document.getElementById('document');
const sides = ['through', 'direct'].map((name) => {
  const element = document.getElementById(name);
  const base = `${location.protocol}//${location.hostname}:${document.body.dataset[name]}`;
  return { name, element, base, frame: element.querySelector('iframe'), path: '', polls: {} };
});
let atFirst = null; // the counts of the first event: what was shared before this page came is not its business

const number = (n) => n.toLocaleString('en');
const percent = (part) => (part === null ? '–' : `${(100 * part).toFixed(1)} %`);

function put(side, name, text) {
  const place = side.element.querySelector(`[data-field="${name}"]`);
  if (place) place.textContent = text;
}

function open(page) {
  for (const side of sides) {
    side.frame.src = side.base + page;
    const address = side.element.querySelector('[data-field="address"]');
    address.href = address.textContent = side.base + page;
  }
}

function told(event) {
  const side = sides.find((s) => s.frame.contentWindow === event.source && s.base === event.origin);
  if (!side || typeof event.data.path !== 'string') return;
  side.path = event.data.path;
  if (event.data.state === 'asking') side.polls[side.path] = (side.polls[side.path] || 0) + 1;
  put(side, 'polls', number(side.polls[side.path] || 0));
  side.element.querySelector('.note').classList.toggle('broken', event.data.state === 'broken');
}

function cell(row, content) {
  const td = row.insertCell();
  if (content instanceof Node) td.append(content); else td.textContent = content;
}

function meter(part) {
  const m = document.createElement('meter');
  m.value = part === null ? 0 : part;
  return m;
}

function show(news) {
  atFirst = atFirst || news.documents;
  for (const side of sides) {
    const reached = news.documents[side.path];
    if (!reached) continue;
    put(side, 'calls', number(reached[side.name]));
    put(side, 'shared', number(reached.shared - atFirst[side.path].shared));
  }
  const total = { name: 'total', stage: '', received: news.received, ...news.total };
  const body = document.getElementById('routes');
  body.textContent = '';
  for (const route of [...news.routes, total]) {
    const row = body.insertRow();
    [route.name, route.stage, number(route.polls), number(route.upstream), number(route.received), percent(route.reduction), meter(route.reduction)]
      .forEach((content) => cell(row, content));
  }
  document.getElementById('elapsed').textContent = `${news.seconds} s`;
}

window.addEventListener('message', told);
select.addEventListener('change', () => open(select.value));
document.getElementById('controls').addEventListener('submit', (event) => {
  event.preventDefault();
  const path = sides[0].path || select.selectedOptions[0].dataset.poll;
  fetch('/change', { method: 'POST', body: new URLSearchParams({ path }) });
});
new EventSource('/events').onmessage = (event) => show(JSON.parse(event.data));
open(select.value);
