const key = 'pollard_admin_token';

/** An answer that is no success. */
export class Refused extends Error {
  /**
   * @param {number} status 0 where nobody answered
   * @param {string} text what the instance says
   */
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/** The token that was given in this tab; "" where none was. */
export function token() {
  return sessionStorage.getItem(key) ?? '';
}

/** @param {string} value kept until the tab is closed */
export function setToken(value) {
  sessionStorage.setItem(key, value.trim());
}

/**
 * Asks the instance.
 * @param {string} path
 * @param {RequestInit & {headers?: Record<string, string>}} [init]
 * @returns {Promise<Response>} a success
 * @throws {Refused}
 */
export async function ask(path, init = {}) {
  /** @type {Record<string, string>} */
  const headers = { ...init.headers };
  if (token()) headers.Authorization = `Bearer ${token()}`;
  let answer;
  try {
    answer = await fetch(path, { ...init, headers, cache: 'no-store' });
  } catch (failure) {
    if (init.signal?.aborted) throw failure;
    throw new Refused(0, 'The instance does not answer.');
  }
  if (!answer.ok) throw new Refused(answer.status, (await answer.text()).trim() || `status ${answer.status}`);
  return answer;
}

/**
 * Asks for JSON.
 * @param {string} path
 */
export async function askJSON(path) {
  return (await ask(path)).json();
}

/**
 * Changes something.
 * @param {'PUT' | 'DELETE'} method
 * @param {string} path
 * @param {object} body
 * @param {string} who is named in the audit log
 * @returns {Promise<{warning?: string}>}
 */
export async function change(method, path, body, who) {
  /** @type {Record<string, string>} */
  const headers = { 'Content-Type': 'application/json' };
  if (who) headers['X-Pollard-Who'] = encodeName(who);
  return (await ask(path, { method, headers, body: JSON.stringify(body) })).json();
}

/**
 * A header carries ASCII: what a name has beyond it is written without its marks, or as a question mark.
 * @param {string} name
 */
export function encodeName(name) {
  return name.normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/[^\x20-\x7e]/g, '?').trim();
}
