/** Requests whose headers can be read without using them up. */
const isReadable = (/** @type {any} */ headers) => !headers || Array.isArray(headers) || headers instanceof Headers || !headers[Symbol.iterator];

/**
 * Has fetch ask here first.
 * @param {Documents} documents
 */
function wrapFetch(documents) {
  const native = window.fetch;

  /**
   * @this {unknown}
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   */
  function fetch(input, init) {
    const asIs = () => Reflect.apply(native, this, arguments);
    if (!isReadable(init?.headers)) return asIs();
    const method = String(init?.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase();
    if (method !== 'GET') return method === 'HEAD' ? asIs() : write(documents, input instanceof Request ? input.url : String(input), asIs);
    const poll = questionOf(input, init);
    if (!poll) return asIs();
    const waiting = documents.ask(poll.asked, poll.signal);
    const overNetwork = () => send(documents, poll.asked, asIs);
    return waiting ? answerWith(waiting, poll, overNetwork) : overNetwork();
  }

  window.fetch = fetch;
}

/**
 * @param {RequestInfo | URL} input
 * @param {RequestInit | undefined} init
 */
function questionOf(input, init) {
  try {
    const request = new Request(input, init);
    if (request.credentials === 'omit' || request.integrity || /^(force-cache|only-if-cached)$/.test(request.cache) || request.signal.aborted) return;
    const isGuarded = init?.signal || input instanceof Request;
    const asked = question(request.url, request.headers, isGuarded ? guardedHold : longestHold);
    return asked && { asked, signal: request.signal };
  } catch {
    return undefined; // it is no request; fetch will say so
  }
}

/**
 * @param {Promise<Answer | undefined>} waiting
 * @param {{asked: Question, signal: AbortSignal}} poll
 * @param {() => Promise<Response>} overNetwork
 */
async function answerWith(waiting, { asked, signal }, overNetwork) {
  const answer = await waiting;
  signal.throwIfAborted();
  if (!answer) return overNetwork();
  const { status, statusText, headers, text } = responseTo(asked, answer);
  return posing(new Response(status === 304 ? null : text, { status, statusText, headers }), asked.url.href);
}

/**
 * Gives a response what only those of the network have.
 * @param {Response} response
 * @param {string} url
 */
function posing(response, url) {
  const { clone } = response;
  return Object.defineProperties(response, {
    url: { value: url },
    type: { value: 'basic' },
    clone: { value: () => posing(clone.call(response), url) },
  });
}

/**
 * @param {Documents} documents
 * @param {Question} asked
 * @param {() => Promise<Response>} asIs
 */
function send(documents, asked, asIs) {
  const learn = documents.send(asked);
  return asIs().then((response) => {
    if (!response.redirected) learn(response.status, response.headers, () => response.clone().text(), response.statusText);
    return response;
  });
}

/**
 * @param {Documents} documents
 * @param {string} url
 * @param {() => Promise<Response>} asIs
 */
function write(documents, url, asIs) {
  if (!isOurs(url)) return asIs();
  documents.wrote(false);
  return asIs().finally(() => documents.wrote(true));
}
