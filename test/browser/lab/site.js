import { createCipheriv, createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { WebSocketServer } from 'ws';

import { Origin } from './origin.js';

/**
 * @typedef {import('./origin.js').Request} Request
 * @typedef {import('./origin.js').Response} Response
 */

/** The size of the file that can be downloaded, in bytes. */
export const fileSize = 50 * 1024 * 1024;

/** A text that is long and has no bytes that compress by accident. */
export const longText = Array.from({ length: 5000 }, (_, i) => `Line ${i} of a page that is sent compressed: äöü €.`).join('\n');

/**
 * Starts a site that does in its pages what pages do besides polling.
 * @param {import('./lab.js').Lab} lab
 */
export async function startSite(lab) {
  const origin = await Origin.start(lab, {
    'GET /': (_, response) => html(response).end(blank('Site')),
    'GET /compressed': compressed,
    'GET /file': file,
    'POST /upload': upload,
    'GET /uploaded': uploaded,
    ...events(),
  });
  origin.onUpgrade(echo());
  return origin;
}

/** @param {string} title */
function blank(title) {
  return `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>${title}</title><link rel="icon" href="data:,"><body>`;
}

/** @param {Response} response */
function html(response) {
  return response.setHeader('Content-Type', 'text/html; charset=utf-8');
}

/**
 * @param {Request} request
 * @param {Response} response
 */
function compressed(request, response) {
  const body = gzipSync(`${blank('Compressed')}<pre>${longText}</pre>`);
  html(response).setHeader('Content-Encoding', 'gzip').setHeader('Vary', 'Accept-Encoding').end(body);
}

/**
 * The same bytes every time, which look random.
 * @param {Request} request
 * @param {Response} response
 */
function file(request, response) {
  const random = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
  const chunk = Buffer.alloc(64 * 1024);
  const content = Readable.from((function* () {
    for (let sent = 0; sent < fileSize; sent += chunk.length) yield random.update(chunk);
  })());
  response.setHeader('Content-Disposition', 'attachment; filename="artifacts.zip"').setHeader('Content-Length', fileSize);
  content.pipe(response.setHeader('Content-Type', 'application/octet-stream'));
}

/**
 * Takes a form with a file, and sends the browser on, as applications do after a form.
 * @param {Request} request
 * @param {Response} response
 */
async function upload(request, response) {
  const body = new globalThis.Response(/** @type {ReadableStream} */ (Readable.toWeb(request)), { headers: { 'Content-Type': request.headers['content-type'] ?? '' } });
  const form = await body.formData();
  const sent = /** @type {File} */ (form.get('file'));
  const digest = createHash('sha256').update(Buffer.from(await sent.arrayBuffer())).digest('hex');
  const query = new URLSearchParams({ title: String(form.get('title')), name: sent.name, digest });
  response.writeHead(303, { Location: `/uploaded?${query}` }).end();
}

/**
 * @param {Request} request
 * @param {Response} response
 */
function uploaded(request, response) {
  const query = new URL(request.url ?? '', 'http://origin').searchParams;
  html(response).end(`${blank('Uploaded')}<pre>${JSON.stringify(Object.fromEntries(query))}</pre>`);
}

/**
 * A stream of three events, each held back until the page says that it has had the one before: one that collects events before it passes
 * them on never gets to the end. The stream breaks off then; the next request is told not to come again.
 * @returns {Record<string, import('./origin.js').Handler>}
 */
function events() {
  /** @type {Map<string, () => void>} by the name that each page gives itself */
  const readers = new Map();
  const name = (/** @type {Request} */ request) => new URL(request.url ?? '', 'http://origin').search;
  return {
    'GET /events': (request, response) => {
      const last = request.headers['last-event-id'];
      if (last !== undefined) {
        response.writeHead(204, { 'X-Resumed-From': last }).end();
        return;
      }
      let sent = 0;
      const next = () => {
        sent += 1;
        if (sent > 3) response.end();
        else response.write(`id: ${sent}\ndata: event ${sent}\ndata: in two lines\n\n`);
      };
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' }).write('retry: 10\n\n');
      readers.set(name(request), next);
      next();
    },
    'POST /events': (request, response) => {
      readers.get(name(request))?.();
      response.writeHead(204).end();
    },
  };
}

/** Sends every message back, and closes with a code of its own when it is told to. */
function echo() {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: true, handleProtocols: () => 'echo.v2' });
  server.on('connection', (socket) => {
    socket.on('message', (message, binary) => {
      if (message.toString() === 'close') socket.close(4321, 'as you wish');
      else socket.send(message, { binary });
    });
  });
  return (/** @type {Request} */ request, /** @type {import('node:stream').Duplex} */ socket, /** @type {Buffer} */ head) => {
    server.handleUpgrade(request, socket, head, (connected) => server.emit('connection', connected, request));
  };
}
