/**
 * A response of 200 to a poll: what upstream says of a document.
 * @typedef {object} Answer
 * @property {string} etag
 * @property {Headers} headers
 * @property {string} text the body
 * @property {string} reason the phrase beside the status; over HTTP/2 there is none
 */

/**
 * What a page asks, as far as the answer depends on it.
 * @typedef {object} Question
 * @property {URL} url without fragment
 * @property {string} variant the fields that select the representation
 * @property {string | null} condition the page's own If-None-Match
 * @property {number} patience for how long the page is sure to wait, in milliseconds
 */

/** The fields that select the representation. */
const selecting = ['accept', 'content-type', 'x-requested-with'];
/** Fields that change neither what the answer is nor whose, ids of requests and traces among them: any other, and the poll is left alone. */
const harmless =
  /^(if-none-match|cache-control|pragma|x-(csrf-token|xsrf-token|request-id|correlation-id|datadog-[a-z-]+)|trace(parent|state)|baggage|b3|sentry-trace)$/;

/**
 * Returns the question that a request for a URL with these fields asks; nothing if it is not about this site, or could be asked on behalf
 * of somebody else than whom the cookies name: a socket carries cookies alone.
 * @param {string} address
 * @param {Headers} fields
 * @param {number} patience
 * @returns {Question | undefined}
 */
function question(address, fields, patience) {
  const url = new URL(address, document.baseURI);
  url.hash = '';
  if (url.origin !== location.origin || url.username || url.password || url.href.endsWith('?')) return;
  for (const name of fields.keys()) if (!selecting.includes(name) && !harmless.test(name)) return;
  return { url, variant: selecting.map((name) => fields.get(name)).join('\n'), condition: fields.get('if-none-match'), patience };
}

/**
 * Whether a response says that its document is pushed, and is what push can say: not more than its text, and not made for one poll alone.
 * @param {Headers} headers
 */
function isPushed(headers) {
  const field = (/** @type {string} */ name) => headers.get(name) ?? '';
  return field('pollard-push') === '1' && field('etag') !== '' && !/;\s*fwd=bypass/.test(field('cache-status')) &&
    !/xml|charset=(?!"?utf-8)/i.test(field('content-type'));
}

/**
 * Returns the answer in what push says. What a frame leaves out is as in the last answer of the network.
 * @param {News} news
 * @param {Answer | undefined} last
 * @returns {Answer}
 */
function pushedAnswer({ etag, headers: fields, text }, last) {
  const headers = new Headers(fields);
  headers.set('etag', etag);
  if (last?.headers.has('content-length') && !last.headers.has('content-encoding')) headers.set('content-length', String(new Blob([text]).size));
  return { etag, headers, text, reason: last?.reason ?? 'OK' };
}

/**
 * Reports whether two answers are the same representation. Where a response was parsed before it could be seen, its text is lost: JSON is
 * compared by what it says.
 * @param {Answer} a
 * @param {Answer} b
 */
function same(a, b) {
  if (a.headers.get('content-type') !== b.headers.get('content-type')) return false;
  return a.text === b.text || (/[/+]json\b/.test(a.headers.get('content-type') ?? '') && canonical(a.text) === canonical(b.text));
}

/** @param {string} text */
function canonical(text) {
  return JSON.stringify(parseJSON(text) ?? text);
}

/**
 * Reports whether what a condition names is current (RFC 9110 §13.1.2), by weak comparison.
 * @param {string | null} condition
 * @param {string} etag
 */
function isCurrent(condition, etag) {
  const opaque = (/** @type {string} */ tag) => tag.replace(/^W\//, '');
  if (condition?.trim() === '*') return true;
  return (condition?.match(/(?:W\/)?"[^"]*"/g) ?? []).some((tag) => opaque(tag) === opaque(etag));
}

/**
 * What a page is given.
 * @typedef {object} Reply
 * @property {number} status
 * @property {string} statusText
 * @property {Headers} headers
 * @property {string} text
 */

/**
 * Returns what the network would have replied to a question.
 * @param {Question} asked
 * @param {Answer} answer
 * @returns {Reply}
 */
function responseTo(asked, answer) {
  const headers = new Headers(answer.headers);
  headers.set('cache-status', 'pollard; hit; detail="push"');
  headers.set('pollard-push', '1');
  if (!isCurrent(asked.condition, answer.etag)) return { status: 200, statusText: answer.reason, headers, text: answer.text };
  for (const name of [...headers.keys()]) if (name.startsWith('content-')) headers.delete(name);
  return { status: 304, statusText: answer.reason && 'Not Modified', headers, text: '' };
}

/**
 * Whether an address is on this site.
 * @param {string} address
 */
function isOurs(address) {
  try {
    return new URL(address, document.baseURI).origin === location.origin;
  } catch {
    return false;
  }
}
