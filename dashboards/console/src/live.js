import { useEffect, useRef, useState } from 'preact/hooks';

import { askJSON } from './api.js';
import { Rates } from './rates.js';
import { follow } from './stream.js';

/** How often sparklines are asked for, in milliseconds: as often as a slot ends. */
const paceTime = 10_000;

/**
 * @typedef {object} Live
 * @property {import('./types.js').Snapshot | null} snapshot the newest
 * @property {Rates} rates
 * @property {import('./types.js').Paces} paces
 * @property {boolean} isLive
 * @property {string} gone why it is not
 * @property {string} needsToken what the instance said when it refused; "" unless it did
 * @property {boolean} isUpgraded the instance is of another build than this page
 * @property {boolean} hasRestarted since the page was opened
 * @property {() => void} retry
 */

/**
 * Follows the instance.
 * @returns {Live}
 */
export function useLive() {
  const rates = useRef(new Rates());
  const build = useRef('');
  const [attempt, setAttempt] = useState(0);
  const [state, setState] = useState({
    snapshot: /** @type {import('./types.js').Snapshot | null} */ (null),
    isLive: false, gone: '', needsToken: '', isUpgraded: false, hasRestarted: false,
  });
  useEffect(() => follow({
    onSnapshot(snapshot) {
      const isAnother = rates.current.take(snapshot);
      build.current ||= snapshot.build;
      setState((before) => ({
        snapshot, isLive: true, gone: '', needsToken: '',
        isUpgraded: snapshot.build !== build.current,
        hasRestarted: before.hasRestarted || isAnother,
      }));
    },
    onGone({ status, message }) {
      setState((before) => ({ ...before, isLive: false, gone: message, needsToken: status === 401 ? message : '' }));
    },
  }), [attempt]);
  const paces = usePaces(state.isLive);
  return { ...state, rates: rates.current, paces, retry: () => setAttempt((n) => n + 1) };
}

/**
 * What sparklines show.
 * @param {boolean} isLive
 * @returns {import('./types.js').Paces}
 */
function usePaces(isLive) {
  const [paces, setPaces] = useState({});
  useEffect(() => {
    if (!isLive) return undefined;
    const load = () => document.hidden || askJSON('/api/v1/history').then(setPaces, () => {}); // the stream says what is wrong
    load();
    const timer = setInterval(load, paceTime);
    return () => clearInterval(timer);
  }, [isLive]);
  return paces;
}
