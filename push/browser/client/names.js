/**
 * What documents are called. Pages add parameters to a query that make no other document of it, such as jQuery's _=1700000000000. Which these
 * are the server says: beside the answer to such a poll, Cache-Status has the key, which is without them.
 */
class Names {
  /** @type {Map<string, string[]>} names of parameters that say nothing, by path */
  #idle = new Map();

  /**
   * Returns which document a poll asks for.
   * @param {Question} poll
   */
  of({ url: { pathname, search }, variant }) {
    const idle = this.#idle.get(pathname) ?? [];
    const query = pairs(search).filter((pair) => !idle.includes(nameOf(pair))).join('&');
    const path = pathname + (query && `?${query}`);
    return { path, variant, key: `${path}\n${variant}` };
  }

  /**
   * Learns from the response to a poll. Where the key has another path, somebody between us and the server calls it otherwise.
   * @param {URL} url
   * @param {Headers} headers
   */
  learn({ pathname, search }, headers) {
    const [, path, query = ''] = headers.get('cache-status')?.match(/pollard;[^,"]*; key="([^"?]*)([^"]*)"$/) ?? [];
    const kept = path === pathname ? pairs(query) : pairs(search);
    this.#idle.set(pathname, pairs(search).filter((pair) => !kept.includes(pair)).map(nameOf));
  }
}

/** @param {string} query with its question mark, or empty */
const pairs = (query) => query.slice(1).split('&');

/** @param {string} pair */
const nameOf = (pair) => pair.split('=')[0];
