import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

import { fileSize, longText } from './site.js';

/** @typedef {import('./tab.js').Tab} Tab */

const uploadedFile = Buffer.alloc(3 * 1024 * 1024, 'not very surprising');

/**
 * What a person or a page does, and what should come of it. The result must be the same at every door of the site.
 * @type {{name: string, visit: (tab: Tab, door: string) => Promise<unknown>, check: (result: any) => void}[]}
 */
export const visits = [
  {
    name: 'a WebSocket',
    visit: (tab) => tab.page.evaluate(talk),
    check: (result) => assert.deepEqual(result, {
      protocol: 'echo.v2', extensions: 'permessage-deflate', echoes: ['hello', 'äöü € 𝄞', '[object ArrayBuffer] 1048576 true'],
      code: 4321, reason: 'as you wish', wasClean: true,
    }),
  },
  {
    name: 'an EventSource',
    visit: readEvents,
    check: (result) => assert.deepEqual(result, {
      seen: ['1 event 1\nin two lines', '2 event 2\nin two lines', '3 event 3\nin two lines'], resumedFrom: '3',
    }),
  },
  {
    name: 'a download',
    visit: download,
    check: ({ name, size }) => assert.deepEqual({ name, size }, { name: 'artifacts.zip', size: fileSize }),
  },
  {
    name: 'an upload',
    visit: upload,
    check: (result) => assert.deepEqual(result, { title: 'Größe & mehr', name: 'ümläut.bin', digest: digestOf(uploadedFile) }),
  },
  {
    name: 'a compressed page',
    visit: readCompressed,
    check: (result) => assert.deepEqual(result, { text: longText, encoding: 'gzip', vary: 'Accept-Encoding' }),
  },
];

/** Runs in the page: says something to the echo, and asks it to close. */
async function talk() {
  const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/echo`, ['echo.v1', 'echo.v2']);
  socket.binaryType = 'arraybuffer';
  const large = new Uint8Array(1024 * 1024).map((_, i) => i % 251);
  /** @type {string[]} */
  const echoes = [];
  socket.onopen = () => {
    for (const message of ['hello', 'äöü € 𝄞', large, 'close']) socket.send(message);
  };
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') echoes.push(data);
    else echoes.push(`${data} ${data.byteLength} ${new Uint8Array(data).every((byte, i) => byte === large[i])}`);
  };
  const { code, reason, wasClean } = await new Promise((resolve) => {
    socket.onclose = resolve;
  });
  return { protocol: socket.protocol, extensions: socket.extensions, echoes, code, reason, wasClean };
}

/** Runs in the page: reads the stream of events, and says so of each. */
async function listen() {
  const stream = `/events?${Math.random()}`;
  const source = new EventSource(stream);
  /** @type {string[]} */
  const seen = [];
  source.onmessage = ({ lastEventId, data }) => {
    seen.push(`${lastEventId} ${data}`);
    fetch(stream, { method: 'POST' });
  };
  await new Promise((resolve) => {
    source.onerror = () => source.readyState === EventSource.CLOSED && resolve(undefined);
  });
  return seen;
}

/** @param {Tab} tab */
async function readEvents(tab) {
  const [again, seen] = await Promise.all([
    tab.page.waitForResponse((response) => response.request().method() === 'GET' && response.status() === 204),
    tab.page.evaluate(listen),
  ]);
  return { seen, resumedFrom: again.headers()['x-resumed-from'] };
}

/**
 * @param {Tab} tab
 * @param {string} door
 */
async function download(tab, door) {
  const [started] = await Promise.all([
    tab.page.waitForEvent('download'),
    tab.page.evaluate((url) => { location.href = url; }, `${door}/file`),
  ]);
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(await started.path())) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { name: started.suggestedFilename(), size, digest: hash.digest('hex') };
}

/** @param {Tab} tab */
async function upload(tab) {
  await tab.page.setContent(`<form method="post" action="/upload" enctype="multipart/form-data">
    <input name="title" value="Größe &amp; mehr"><input type="file" name="file"><button>Send</button></form>`);
  await tab.page.setInputFiles('input[type="file"]', { name: 'ümläut.bin', mimeType: 'application/octet-stream', buffer: uploadedFile });
  await tab.page.click('button');
  return JSON.parse(await tab.page.innerText('pre'));
}

/**
 * @param {Tab} tab
 * @param {string} door
 */
async function readCompressed(tab, door) {
  await tab.page.goto(`${door}/compressed`);
  const [{ fields }] = tab.wire.on('/compressed');
  return { text: await tab.page.innerText('pre'), encoding: fields['content-encoding'], vary: fields.vary };
}

/** @param {Buffer} bytes */
function digestOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
