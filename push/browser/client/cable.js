/**
 * What a document's subscription says: a pollard.v1 object, the body as text.
 * @typedef {object} News
 * @property {'document' | 'changed' | 'end'} type
 * @property {string} etag
 * @property {Record<string, string>} headers
 * @property {string} text
 * @property {number} after_ms when to ask for a document that has changed
 * @property {number} status with which upstream ended it
 * @property {boolean} reconnect
 */

/**
 * Who is told what happens on a cable. The path of a subscription names it.
 * @typedef {object} Listener
 * @property {() => void} welcome
 * @property {() => void} ping the server lives: every 3 s
 * @property {(path: string) => void} reject
 * @property {(path: string, news: News) => void} news
 * @property {(again: boolean, after: number | undefined) => void} lost whether, and after how many milliseconds, to come back; said once
 */

/** For how long a live server can be silent, in milliseconds: two pings, and some. */
const silence = 8000;

/** One socket that speaks Action Cable. */
class Cable {
  /** Whether the server may be asked again, as far as it has said. */
  #again = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #deadline;
  /** @type {Listener | undefined} */
  #listener;
  #socket;

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
    this.#socket = new WebSocket(`${location.origin.replace('http', 'ws')}/-/pollard/cable`, ['actioncable-v1-json']);
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = ({ code, reason }) => this.#lose(this.#again && (code < 4400 || code > 4499), reason);
    this.#expect();
  }

  /**
   * @param {'subscribe' | 'unsubscribe'} command
   * @param {string} path
   */
  send(command, path) {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ command, identifier: JSON.stringify({ channel: 'PollChannel', path }) }));
    }
  }

  /** Ends it; nobody is told. */
  close() {
    this.#listener = undefined;
    clearTimeout(this.#deadline);
    this.#socket.close();
  }

  #expect() {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#lose(this.#again, ''), silence);
  }

  /** @param {string} text of a frame */
  #receive(text) {
    const frame = JSON.parse(text);
    const path = frame.identifier && JSON.parse(frame.identifier).path;
    this.#expect();
    switch (frame.type) {
      case 'welcome': return this.#listener?.welcome();
      case 'ping': return this.#listener?.ping();
      case 'reject_subscription': return this.#listener?.reject(path);
      case 'disconnect': this.#again = frame.reconnect; return; // the close frame that follows says when
      case undefined: return this.#listener?.news(path, { ...frame.message, body: undefined, text: bodyText(text, frame.message) });
    }
  }

  /**
   * @param {boolean} again
   * @param {string} reason
   */
  #lose(again, reason) {
    const [, after] = reason.match(/"after_ms":(\d+)/) ?? [];
    const listener = this.#listener;
    this.close();
    listener?.lost(again, after === undefined ? undefined : Number(after));
  }
}

/**
 * Returns the text of the body in a frame. JSON stands in it byte for byte and last, and reading and writing it again would cost numbers
 * their digits; no string of JSON has an unescaped quotation mark in it, so that the member cannot be mistaken.
 * @param {string} frame
 * @param {any} message the same, parsed
 */
function bodyText(frame, { headers, body }) {
  if (typeof body === 'string' && !/[/+]json\b/.test(headers?.['Content-Type'])) return body;
  return frame.slice(frame.indexOf('"body":') + 7, frame.lastIndexOf('}}'));
}
