import { WebSocket } from 'ws';

/** Who is signed in on the page. */
export const cookie = 'session=alice';

/**
 * The WebSocket that a script of a page has: it says which site the page is of, and sends the site's cookies along. The clients of pages
 * are given it because Node's own knows no page.
 */
export class PageSocket extends WebSocket {
  /** How many have been opened, by address without its query. @type {Map<string, number>} */
  static opened = new Map();

  /**
   * @param {string} url of the page's own site
   * @param {string | string[]} [protocols]
   */
  constructor(url, protocols) {
    const { host, origin, pathname } = new URL(url.replace(/^ws/, 'http'));
    super(url, protocols, { origin, headers: { Cookie: cookie } });
    const address = host + pathname;
    PageSocket.opened.set(address, (PageSocket.opened.get(address) ?? 0) + 1);
  }

  /** @param {string} url */
  static count(url) {
    const { host, pathname } = new URL(url);
    return PageSocket.opened.get(host + pathname) ?? 0;
  }
}

/** The address of the cable of a site. @param {string} site */
export function cableOf(site) {
  return `${site.replace(/^http/, 'ws')}/-/pollard/cable`;
}

// What a page has and Rails' client listens to: the tab being hidden and shown.
Object.assign(globalThis, { addEventListener() {}, removeEventListener() {} });
