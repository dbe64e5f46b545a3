import { Board } from './board.js';
import { startBrowser } from './chromium.js';
import { Origin } from './origin.js';
import { pushed, serve } from './pollard.js';
import { pollers, pollingPage } from './pollers.js';
import { Relay } from './relay.js';
import { Tab } from './tab.js';

/**
 * Starts a board that is pushed to pages, and a browser. Everything between the two goes through a relay.
 * @param {import('./lab.js').Lab} lab
 * @param {keyof typeof pollers} how the page at /page polls
 * @param {Record<string, import('./origin.js').Handler>} [handlers] of more of the application
 */
export async function startPushed(lab, how = 'poll.js', handlers = {}) {
  const board = new Board('/board');
  const origin = await Origin.start(lab, { ...board.handlers, ...pollingPage(board, '/page', pollers[how]), ...handlers });
  const proxy = await serve(lab, origin.url, { routes: [pushed(board.poll)] });
  const relay = await Relay.start(lab, proxy.url);
  const context = await (await startBrowser(lab)).newContext();
  const open = async () => {
    const tab = await Tab.open(context);
    await tab.page.goto(`${relay.url}/page`);
    return tab;
  };
  return { lab, board, origin, proxy, relay, context, open };
}

/**
 * Waits until a tab shows the board as it is, and then until the board's next state is shown without a poll: it is pushed.
 * @param {Tab} tab
 * @param {Board} board
 */
export async function untilPushed(tab, board) {
  for (;;) {
    await untilShown(tab, board);
    const sent = tab.wire.on(board.poll).length;
    await tab.page.waitForTimeout(board.interval);
    board.change();
    await untilShown(tab, board);
    if (tab.wire.on(board.poll).length === sent) return;
  }
}

/**
 * Waits until so many subscriptions are open. The limit is the test's.
 * @param {import('./pollard.js').Proxy} proxy
 * @param {number} n
 */
export async function untilWatched(proxy, n) {
  while (watchers(await proxy.metrics()) !== n) await new Promise((resolve) => setTimeout(resolve, 50));
}

/**
 * How many subscriptions are open.
 * @param {string} metrics
 */
export function watchers(metrics) {
  const lines = metrics.match(/^pollard_watchers\{.*route="board".*\} \d+/gm) ?? [];
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/**
 * @param {Tab} tab
 * @param {Board} board
 */
export function untilShown(tab, board) {
  return tab.until('showed the change', () => tab.state.text === board.text);
}
