/**
 * A request that a page makes with an XMLHttpRequest.
 * @typedef {object} Call
 * @property {string} method
 * @property {string} url
 * @property {boolean} isPlain nothing has been asked for that only the browser can do
 * @property {Headers} fields
 * @property {AbortController | undefined} waiting until it is answered here, if it is
 */

/** @type {WeakMap<XMLHttpRequest, Call>} */
const calls = new WeakMap();

/**
 * Has XMLHttpRequest ask here first. The page's object stays what it is; while it shows an answer that was given here, its properties hide
 * those of the prototype.
 * @param {Documents} documents
 */
function wrapXHR(documents) {
  const { prototype } = XMLHttpRequest;
  const { open, send, abort, setRequestHeader, overrideMimeType } = prototype;

  /** @type {any} */ (prototype).open = function (/** @type {string} */ method, /** @type {string | URL} */ url, /** @type {unknown[]} */ ...how) {
    Reflect.apply(open, this, arguments);
    const [isAsync, ...user] = how.length > 0 ? how : [true]; // undefined is no default here
    const isPlain = Boolean(isAsync) && user.every((part) => part == null);
    calls.get(this)?.waiting?.abort();
    calls.set(this, { method: String(method).toUpperCase(), url: String(url), isPlain, fields: new Headers(), waiting: undefined });
    if (reveal(this)) this.dispatchEvent(new Event('readystatechange')); // for itself it was open all the time
  };

  prototype.setRequestHeader = function (name, value) {
    const call = unsent(this);
    setRequestHeader.call(this, name, value);
    call?.fields.append(name, value);
  };

  prototype.overrideMimeType = function (type) {
    overrideMimeType.call(this, type);
    const call = calls.get(this);
    if (call) call.isPlain = false;
  };

  prototype.send = function (body) {
    const call = unsent(this);
    const asIs = () => send.call(this, body);
    if (!call || call.method === 'HEAD') return asIs();
    if (call.method !== 'GET') return writeXHR(documents, this, call, asIs);
    const asked = readable(this, call) && question(call.url, call.fields, this.timeout ? this.timeout / 2 : longestHold);
    if (!asked) return asIs();
    const overNetwork = () => sendXHR(documents, this, asked, asIs);
    call.waiting = new AbortController();
    const waiting = documents.ask(asked, call.waiting.signal);
    if (waiting) return void answerXHR(this, call, asked, waiting, overNetwork);
    call.waiting = undefined;
    overNetwork();
  };

  prototype.abort = function () {
    const call = calls.get(this);
    abort.call(this);
    if (call?.waiting) giveUp(this, call);
    else if (Object.hasOwn(this, 'readyState')) show(this, 0);
  };
}

/**
 * Returns the call that an XMLHttpRequest is about to make; it is an error if that is being made.
 * @param {XMLHttpRequest} xhr
 */
function unsent(xhr) {
  const call = calls.get(xhr);
  if (call?.waiting) throw new DOMException('The request has been sent.', 'InvalidStateError');
  return call;
}

/**
 * Whether a text is all that is needed to answer.
 * @param {XMLHttpRequest} xhr
 * @param {Call} call
 */
function readable(xhr, call) {
  return call.isPlain && xhr.readyState === XMLHttpRequest.OPENED && xhr.responseType !== 'document';
}

/**
 * @param {Documents} documents
 * @param {XMLHttpRequest} xhr
 * @param {Call} call
 * @param {() => void} asIs
 */
function writeXHR(documents, xhr, call, asIs) {
  if (!isOurs(call.url)) return asIs();
  documents.wrote(false);
  xhr.addEventListener('loadend', () => documents.wrote(true), { once: true });
  asIs();
}

/**
 * @param {Documents} documents
 * @param {XMLHttpRequest} xhr
 * @param {Question} asked
 * @param {() => void} asIs
 */
function sendXHR(documents, xhr, asked, asIs) {
  const learn = documents.send(asked);
  const call = calls.get(xhr);
  xhr.addEventListener('load', () => { // of this call, or after a failure of a later one
    if (calls.get(xhr) === call && xhr.responseURL === asked.url.href) learn(xhr.status, fieldsOf(xhr), async () => textOf(xhr), xhr.statusText);
  }, { once: true });
  asIs();
}

/** @param {XMLHttpRequest} xhr */
function fieldsOf(xhr) {
  const lines = xhr.getAllResponseHeaders().matchAll(/^(.+?): *(.*)$/gm);
  return new Headers(Array.from(lines, ([, name, value]) => /** @type {[string, string]} */ ([name, value])));
}

/** @param {XMLHttpRequest} xhr */
function textOf({ responseType, response }) {
  return responseType === 'json' ? JSON.stringify(response) : new Response(response).text();
}

/**
 * @param {XMLHttpRequest} xhr
 * @param {Call} call
 * @param {Question} asked
 * @param {Promise<Answer | undefined>} waiting
 * @param {() => void} overNetwork
 */
async function answerXHR(xhr, call, asked, waiting, overNetwork) {
  const { signal } = /** @type {AbortController} */ (call.waiting);
  fire(xhr, 'loadstart');
  const answer = await waiting;
  if (signal.aborted) return;
  if (answer) return play(xhr, call, responseTo(asked, answer), asked.url.href);
  call.waiting = undefined;
  xhr.addEventListener('loadstart', (event) => event.stopImmediatePropagation(), { capture: true, once: true }); // the page has had it
  overNetwork();
}
