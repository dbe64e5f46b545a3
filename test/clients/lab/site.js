import { Board } from '../../browser/lab/board.js';
import { Origin } from '../../browser/lab/origin.js';
import { Pollard } from './pollard.js';
import { Relay } from './relay.js';

/**
 * An application with one board whose changes are polled, Pollard in front of it, and the network before that.
 * @param {import('../../browser/lab/lab.js').Lab} lab
 */
export async function openSite(lab) {
  const board = new Board('/board');
  const origin = await Origin.start(lab, board.handlers);
  const pollard = await Pollard.start(lab, origin.url);
  const relay = await Relay.start(lab, pollard.url);
  return { board, origin, pollard, relay, url: relay.url };
}

/**
 * A message of pollard.v1, whichever transport it came by.
 * @typedef {object} Told
 * @property {'document' | 'changed' | 'end' | 'patch'} type
 * @property {string} etag
 * @property {number} status
 * @property {Record<string, string>} headers
 * @property {any} body
 */
