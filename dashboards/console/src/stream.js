import { ask, Refused } from './api.js';

/** How long nothing may come before the connection counts as dead, and between attempts, in milliseconds. */
const silence = 5000;
const pauses = [500, 1000, 2000, 5000];

/**
 * @typedef {object} Listener
 * @property {(snapshot: import('./types.js').Snapshot) => void} onSnapshot
 * @property {(failure: Refused) => void} onGone the stream broke; another attempt follows by itself, except after 401
 */

/**
 * Follows the instance's stream of snapshots until told to stop: an EventSource that can carry a token. It reads nothing while the page is
 * hidden, and the instance then computes nothing.
 * @param {Listener} listener
 * @returns {() => void} stops
 */
export function follow({ onSnapshot, onGone }) {
  const life = new AbortController();
  let failures = 0;

  async function run() {
    while (!life.signal.aborted) {
      if (document.hidden) await shown(life.signal);
      try {
        await read((snapshot) => {
          failures = 0;
          onSnapshot(snapshot);
        }, life.signal);
      } catch (failure) {
        if (life.signal.aborted) return;
        if (!document.hidden) onGone(failure instanceof Refused ? failure : new Refused(0, 'The connection to the instance broke.'));
        if (failure instanceof Refused && failure.status === 401) return;
        await pause(pauses[Math.min(failures, pauses.length - 1)], life.signal);
        failures += 1;
      }
    }
  }

  run();
  return () => life.abort();
}

/**
 * Reads one connection to its end, which is always an error.
 * @param {(snapshot: import('./types.js').Snapshot) => void} onSnapshot
 * @param {AbortSignal} life
 */
async function read(onSnapshot, life) {
  const connection = new AbortController();
  const end = () => connection.abort();
  const hide = () => document.hidden && end();
  life.addEventListener('abort', end);
  document.addEventListener('visibilitychange', hide);
  let timer = setTimeout(end, silence);
  try {
    const answer = await ask('/api/v1/stream', { signal: connection.signal, headers: { Accept: 'text/event-stream' } });
    const reader = /** @type {ReadableStream<BufferSource>} */ (answer.body).pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Refused(0, 'The instance ended the connection.');
      clearTimeout(timer);
      timer = setTimeout(end, silence);
      const events = (rest + value).split('\n\n');
      rest = events.pop() ?? '';
      const newest = events.at(-1);
      if (newest) onSnapshot(JSON.parse(newest.slice('data: '.length)));
    }
  } finally {
    clearTimeout(timer);
    life.removeEventListener('abort', end);
    document.removeEventListener('visibilitychange', hide);
    end();
  }
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal ends it early
 */
function pause(ms, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
    signal.addEventListener('abort', resolve, { once: true });
  });
}

/** @param {AbortSignal} signal ends the wait early */
function shown(signal) {
  return new Promise((resolve) => {
    document.addEventListener('visibilitychange', resolve, { once: true });
    signal.addEventListener('abort', resolve, { once: true });
  });
}
