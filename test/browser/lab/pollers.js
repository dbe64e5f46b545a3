import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { buildSync } from 'esbuild';

/** @typedef {import('./origin.js').Handler} Handler */

const packages = new URL('../node_modules/', import.meta.url);

/** Scripts of others that pages poll with. */
const libraries = {
  '/apollo.js': bundle("export * from '@apollo/client'"),
  '/axios.js': readFileSync(new URL('axios/dist/axios.min.js', packages)),
  '/jquery.js': readFileSync(new URL('jquery/dist/jquery.min.js', packages)),
  '/poll.js': readFileSync(new URL('../../../cmd/pollard/demo/legacy/assets/poll.js', import.meta.url)),
};

/**
 * Makes one script of modules, as pages have them: what they export is in the global `library`.
 * @param {string} contents of the module that all begins with
 */
function bundle(contents) {
  const { outputFiles: [script] } = buildSync({
    stdin: { contents, resolveDir: fileURLToPath(packages) }, bundle: true, minify: true, format: 'iife', globalName: 'library', write: false,
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return script.contents;
}

/**
 * Ways to poll, as pages do it. Each runs in the page: it shows what it is given, and says what has gone wrong.
 * @typedef {(path: string, interval: number, show: (name: string, text: string) => void) => void} Loop
 * @type {Record<string, {library?: keyof typeof libraries, shape?: import('./board.js').Board['shape'],
 *   route?: Record<string, unknown>, loop: Loop}>} route: more keys of the route's configuration
 */
export const pollers = {
  'a loop of fetch': {
    loop: async (path, interval, show) => {
      for (;;) {
        const response = await fetch(path);
        if (response.status !== 200) show('polling', `stopped: status ${response.status}`);
        show('text', (await response.json()).text);
        await new Promise((resolve) => setTimeout(resolve, interval));
      }
    },
  },
  'fetch by the clock': {
    loop: (path, interval, show) => {
      setInterval(async () => show('text', (await (await fetch(path, { signal: AbortSignal.timeout(10_000) })).json()).text), interval);
    },
  },
  'a page that asks conditionally': {
    loop: (path, interval, show) => {
      let etag = '';
      const poll = async () => {
        const response = await fetch(path, { headers: etag ? { 'If-None-Match': etag } : {} });
        if (response.status === 200) {
          etag = response.headers.get('ETag') ?? '';
          show('text', (await response.json()).text);
        } else if (response.status !== 304 || (await response.text()) !== '' || response.headers.get('ETag') !== etag) {
          show('polling', `stopped: status ${response.status}`);
        }
        setTimeout(poll, interval);
      };
      poll();
    },
  },
  XMLHttpRequest: {
    loop: (path, interval, show) => {
      const request = new XMLHttpRequest(); // the same one again and again
      request.onreadystatechange = () => {
        if (request.readyState === 4 && request.status !== 200) show('polling', `stopped: status ${request.status}`);
      };
      request.onload = () => {
        show('text', JSON.parse(request.responseText).text);
        setTimeout(poll, interval);
      };
      const poll = () => {
        request.open('GET', path);
        request.timeout = 30_000;
        request.send();
      };
      poll();
    },
  },
  'poll.js': {
    library: '/poll.js',
    loop: (path, _, show) => {
      new /** @type {any} */ (window).Poll({
        path, csrfToken: String(Math.random()), onSend() {},
        onSuccess: (/** @type {any} */ answer) => show('text', answer.text),
        onError: (/** @type {string} */ why) => show('polling', `stopped: ${why}`),
      }).makeRequest();
    },
  },
  axios: {
    library: '/axios.js',
    loop: async (path, _, show) => {
      for (;;) {
        const response = await /** @type {any} */ (window).axios.get(path, { timeout: 20_000 })
          .catch((/** @type {Error} */ error) => show('polling', `stopped: ${error.message}`));
        show('text', response.data.text);
        await new Promise((resolve) => setTimeout(resolve, Number(response.headers['poll-interval'])));
      }
    },
  },
  'Apollo, polling': {
    library: '/apollo.js',
    shape: (text) => ({ data: { board: { __typename: 'Board', text } } }),
    loop: (path, interval, show) => {
      const { ApolloClient, HttpLink, InMemoryCache, gql } = /** @type {any} */ (window).library;
      const client = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: path, useGETForQueries: true }) });
      client.watchQuery({ query: gql`query Board { board { text } }`, pollInterval: interval, fetchPolicy: 'network-only' }).subscribe({
        next: (/** @type {any} */ { data, error }) => {
          if (error) show('polling', `stopped: ${error.message}`);
          if (data) show('text', data.board.text);
        },
      });
    },
  },
  'jQuery, past all caches': {
    library: '/jquery.js',
    route: { ignore_query: ['_'] },
    loop: (path, interval, show) => {
      const poll = () => /** @type {any} */ (window).$.ajax({ url: path, data: { format: 'short' }, dataType: 'json', cache: false })
        .done((/** @type {any} */ answer) => show('text', answer.text))
        .fail((/** @type {any} */ _, /** @type {string} */ why) => show('polling', `stopped: ${why}`))
        .always(() => setTimeout(poll, interval));
      poll();
    },
  },
  jQuery: {
    library: '/jquery.js',
    loop: (path, interval, show) => {
      const poll = () => /** @type {any} */ (window).$.getJSON(path)
        .done((/** @type {any} */ answer) => show('text', answer.text))
        .fail((/** @type {any} */ _, /** @type {string} */ why) => show('polling', `stopped: ${why}`))
        .always(() => setTimeout(poll, interval));
      poll();
    },
  },
};

/**
 * Makes a page that polls a board in one of these ways, and a script of its own for it: its policy forbids all that is inline.
 * @param {import('./board.js').Board} board
 * @param {string} path of the page
 * @param {{library?: keyof typeof libraries, loop: Loop, isPlain?: boolean}} poller isPlain: without the script
 * @returns {Record<string, Handler>}
 */
export function pollingPage(board, path, { library, loop, isPlain }) {
  const scripts = [...(isPlain ? [] : ['/-/pollard/client.js']), ...(library ? [library] : []), `${path}/page.js`];
  const page = `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Poller</title><link rel="icon" href="data:,">
    <p data-field="text"></p><p data-field="polling">polling</p>${scripts.map((one) => `<script src="${one}"></script>`).join('')}`;
  const script = `{
    const show = (name, text) => { document.querySelector('[data-field="' + name + '"]').textContent = text; };
    (${loop})(${JSON.stringify(board.poll)}, ${board.interval}, show);
  }`;
  return {
    [`GET ${path}`]: (_, response) => response.setHeader('Content-Type', 'text/html')
      .setHeader('Content-Security-Policy', "default-src 'self'; img-src data:").end(page),
    [`GET ${path}/page.js`]: (_, response) => response.setHeader('Content-Type', 'text/javascript').end(script),
    ...Object.fromEntries(Object.entries(libraries).map(([name, source]) => [
      `GET ${name}`, /** @type {Handler} */ ((_, response) => response.setHeader('Content-Type', 'text/javascript').end(source)),
    ])),
  };
}
