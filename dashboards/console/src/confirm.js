import { useEffect, useRef, useState } from 'preact/hooks';

import { Refused, setToken, token } from './api.js';
import { html } from './view.js';

const name = 'pollard_who';

/**
 * Asks once before something is changed, says what will happen, and asks for a token where one is needed.
 * @param {object} props
 * @param {string} props.title
 * @param {string} props.action what the button says
 * @param {boolean} [props.isGrave]
 * @param {import('preact').ComponentChildren} [props.children] what will happen
 * @param {(who: string, why: string) => Promise<{warning?: string}>} props.run
 * @param {(warning?: string) => void} props.close
 */
export function Confirm({ title, action, isGrave, children, run, close }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [failure, setFailure] = useState(/** @type {Refused | null} */ (null));
  const [isBusy, setBusy] = useState(false);
  const [wasGiven, setGiven] = useState(false); // a token, of whatever worth
  useEffect(() => dialog.current?.showModal(), []);

  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (e.target));
    const text = (/** @type {string} */ field) => String(given.get(field) ?? '').trim();
    const before = token();
    if (text('token')) setToken(text('token'));
    sessionStorage.setItem(name, text('who'));
    setGiven(token() !== '');
    setBusy(true);
    try {
      const { warning } = await run(text('who'), text('why'));
      close(warning);
    } catch (refusal) {
      setToken(before); // which may still be good for looking
      setFailure(refusal instanceof Refused ? refusal : new Refused(0, String(refusal)));
      setBusy(false);
    }
  };

  return html`<dialog ref=${dialog} aria-labelledby="confirm" onClose=${() => close()}>
    <form onSubmit=${submit}>
      <h2 id="confirm">${title}</h2>
      ${children}
      <div class="fields">
        <label>Why <input name="why" maxlength="500" autocomplete="off" placeholder="for the audit log" /></label>
        <label>Your name <input name="who" maxlength="100" autocomplete="name" placeholder="for the audit log" defaultValue=${sessionStorage.getItem(name) ?? ''} /></label>
        ${failure?.status === 401 && html`<label>Admin token <input name="token" type="password" required autocomplete="off" /></label>`}
      </div>
      ${failure && html`<p class="bad" role="alert">${failure.status === 401 && wasGiven ? 'The instance does not take this token for changes. ' : ''}${failure.message}</p>`}
      <div class="buttons">
        <button type="button" onClick=${() => close()}>Cancel</button>
        <button type="submit" class=${isGrave ? 'grave' : 'primary'} disabled=${isBusy}>${action}</button>
      </div>
    </form>
  </dialog>`;
}
