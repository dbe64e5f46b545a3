/** No reply: what an XMLHttpRequest shows before it is sent and after it was given up. */
const nothing = { status: 0, statusText: '', headers: new Headers(), text: '' };

/** What of an XMLHttpRequest says how far it is. The rest is true as it is, or throws what it has to. */
const shownProperties = [
  'readyState', 'status', 'statusText', 'response', 'responseText', 'responseURL', 'getResponseHeader', 'getAllResponseHeaders',
];

/**
 * Has an XMLHttpRequest show a state, and a reply, that it has not come to by itself.
 * @param {XMLHttpRequest} xhr
 * @param {number} readyState
 * @param {Reply} [reply]
 * @param {string} [responseURL]
 */
function show(xhr, readyState, { status, statusText, headers, text } = nothing, responseURL = '') {
  const isText = xhr.responseType === '' || xhr.responseType === 'text';
  const body = readyState < XMLHttpRequest.LOADING ? '' : text;
  const parsed = readyState === XMLHttpRequest.DONE && status ? parse(xhr.responseType, headers, text) : null;
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const values = {
    readyState, status, statusText, responseURL, response: isText ? body : parsed, ...(isText && { responseText: body }),
    getResponseHeader: (/** @type {string} */ name) => headers.get(name), getAllResponseHeaders: () => lines,
  };
  for (const [name, value] of Object.entries(values)) Object.defineProperty(xhr, name, { value, configurable: true });
}

/**
 * Has an XMLHttpRequest come to a state, and say so.
 * @param {XMLHttpRequest} xhr
 * @param {number} readyState
 * @param {Reply} [reply]
 * @param {string} [url]
 */
function enter(xhr, readyState, reply, url) {
  show(xhr, readyState, reply, url);
  xhr.dispatchEvent(new Event('readystatechange'));
}

/**
 * Has an XMLHttpRequest show its own state again, and returns whether it did not.
 * @param {any} xhr
 */
function reveal(xhr) {
  const wasHidden = Object.hasOwn(xhr, 'readyState');
  if (wasHidden) for (const name of shownProperties) delete xhr[name];
  return wasHidden;
}

/**
 * @param {XMLHttpRequestResponseType} type
 * @param {Headers} headers
 * @param {string} text
 */
function parse(type, headers, text) {
  switch (type) {
    case 'json': return parseJSON(text);
    case 'blob': return new Blob([text], { type: headers.get('content-type')?.split(';')[0] ?? 'text/xml' });
    default: return new TextEncoder().encode(text).buffer;
  }
}

/** @param {string} text */
function parseJSON(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Goes through the states of a request that is answered, with the events of each, until the page begins something else.
 * @param {XMLHttpRequest} xhr
 * @param {Call} call
 * @param {Reply} reply
 * @param {string} url
 */
function play(xhr, call, reply, url) {
  const size = new Blob([reply.text]).size;
  const total = reply.headers.has('content-length') ? size : 0;
  const { signal } = /** @type {AbortController} */ (call.waiting);
  const states = size > 0 ? [XMLHttpRequest.HEADERS_RECEIVED, XMLHttpRequest.LOADING] : [XMLHttpRequest.HEADERS_RECEIVED];
  for (const state of states) {
    enter(xhr, state, reply, url);
    if (signal.aborted) return;
  }
  if (size > 0) fire(xhr, 'progress', size, total);
  if (signal.aborted) return;
  call.waiting = undefined;
  enter(xhr, XMLHttpRequest.DONE, reply, url);
  for (const type of ['load', 'loadend']) if (calls.get(xhr) === call && xhr.readyState === XMLHttpRequest.DONE) fire(xhr, type, size, total);
}

/**
 * The page aborts a request that has not been answered.
 * @param {XMLHttpRequest} xhr
 * @param {Call} call
 */
function giveUp(xhr, call) {
  call.waiting?.abort();
  call.waiting = undefined;
  enter(xhr, XMLHttpRequest.DONE);
  for (const type of ['abort', 'loadend']) if (calls.get(xhr) === call) fire(xhr, type);
  if (calls.get(xhr) === call) show(xhr, XMLHttpRequest.UNSENT);
}

/**
 * @param {XMLHttpRequest} xhr
 * @param {string} type
 * @param {number} [loaded] in bytes
 * @param {number} [total] 0 if it is not known
 */
function fire(xhr, type, loaded = 0, total = 0) {
  xhr.dispatchEvent(new ProgressEvent(type, { loaded, total, lengthComputable: total > 0 }));
}
