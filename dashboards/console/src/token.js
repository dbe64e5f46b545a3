import { useState } from 'preact/hooks';

import { setToken, token } from './api.js';
import { html } from './view.js';

/** @param {{refused: string, done: () => void}} props asks for a token: the instance has refused to answer without one, or with the one it was given */
export function TokenForm({ refused, done }) {
  const [value, setValue] = useState('');
  const submit = (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    setToken(value);
    done();
  };
  return html`<form class="token card" onSubmit=${submit}>
    <p class="bad" role="alert">${token() ? 'The instance does not take this token.' : 'The instance asks for a token.'}</p>
    <p class="quiet">${refused}</p>
    <label>Token <input type="password" name="token" autocomplete="off" required value=${value}
      onInput=${(/** @type {InputEvent} */ e) => setValue(/** @type {HTMLInputElement} */ (e.target).value)} /></label>
    <p class="quiet">It is kept until this tab is closed, and sent to this instance alone.</p>
    <button type="submit" class="primary">Use it</button>
  </form>`;
}
