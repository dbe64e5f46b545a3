import { readFileSync } from 'node:fs';

/** The script of the legacy application that polls, and stops at the first error. */
const pollScript = readFileSync(new URL('../../../cmd/pollard/demo/legacy/assets/poll.js', import.meta.url));

const page = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Board</title>
<link rel="icon" href="data:,">
<p data-field="text"></p>
<p data-field="polling">polling</p>
<script src="/poll.js"></script>
<script>
  var show = function (name, text) { document.querySelector('[data-field="' + name + '"]').textContent = text; };
  new Poll({
    path: location.pathname + '/changes',
    csrfToken: String(Math.random()),
    onSend: function () {},
    onSuccess: function (answer) { show('text', answer.text); },
    onError: function (why) { show('polling', 'stopped: ' + why); }
  }).makeRequest();
</script>
`;

/**
 * A page that shows a text, and polls for changes of it as the legacy application does, only faster.
 */
export class Board {
  /** What a client is told to wait between two polls, in milliseconds. */
  interval = 300;
  /** What is said of a text. @type {(text: string) => unknown} */
  shape = (text) => ({ text });
  /** The status with which polls are answered while it is not 200. */
  status = 200;
  #version = 1;

  /** @param {string} path of the page */
  constructor(path) {
    this.path = path;
    this.poll = `${path}/changes`;
  }

  /** The text of the current version. */
  get text() {
    return `version ${this.#version} of ${this.path}`;
  }

  /** The entity tag of the current version, with characters in it that only a careless reader of lists takes for separators. */
  get tag() {
    return `W/"${this.path}, ${this.#version}; W/=*"`;
  }

  change() {
    this.#version += 1;
  }

  /** @returns {Record<string, import('./origin.js').Handler>} */
  get handlers() {
    return {
      'GET /poll.js': (_, response) => response.setHeader('Content-Type', 'text/javascript').end(pollScript),
      [`GET ${this.path}`]: (_, response) => response.setHeader('Content-Type', 'text/html').end(page),
      [`GET ${this.poll}`]: (request, response) => this.#changes(request, response),
    };
  }

  /**
   * @param {import('./origin.js').Request} request
   * @param {import('./origin.js').Response} response
   */
  #changes(request, response) {
    response.setHeader('ETag', this.tag).setHeader('Cache-Control', 'max-age=0, private, must-revalidate');
    if (this.status !== 200) {
      response.writeHead(this.status).end();
    } else if (request.headers['if-none-match'] === this.tag) {
      response.writeHead(304).end();
    } else {
      response.setHeader('Poll-Interval', this.interval).setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(this.shape(this.text)));
    }
  }
}
