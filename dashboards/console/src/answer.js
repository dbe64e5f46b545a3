import { useEffect, useState } from 'preact/hooks';

import { askJSON } from './api.js';

/**
 * Asks for JSON, again whenever the path or now is another. The last answer stays until the next one is there.
 * @template T
 * @param {T} before what there is before the first answer
 * @param {string} path
 * @param {unknown} [now]
 * @returns {{answer: T, failure: string}}
 */
export function useAnswer(before, path, now) {
  const [state, setState] = useState({ answer: before, failure: '' });
  useEffect(() => {
    let isWanted = true;
    askJSON(path).then(
      (answer) => isWanted && setState({ answer, failure: '' }),
      (failure) => isWanted && setState((s) => ({ ...s, failure: failure.message })),
    );
    return () => { isWanted = false; };
  }, [path, now]);
  return state;
}
