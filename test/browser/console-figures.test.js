import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { encodeName } from '../../dashboards/console/src/api.js';
import { consequence } from '../../dashboards/console/src/consequence.js';
import { change, perSecond, seconds, short, span } from '../../dashboards/console/src/format.js';
import { Rates } from '../../dashboards/console/src/rates.js';
import { headline, reduction } from '../../dashboards/console/src/reduction.js';
import { inLab } from './lab/lab.js';
import { temporaryFolder } from './lab/pollard.js';

const console = fileURLToPath(new URL('../../dashboards/console/', import.meta.url));

test('what is embedded is made of the sources', inLab(async (lab) => {
  const folder = await temporaryFolder(lab);
  execFileSync(process.execPath, [`${console}build.js`, folder]);
  for (const name of ['index.html', 'console.js', 'console.css', 'icon.svg']) {
    assert.ok(readFileSync(`${folder}/${name}`).equals(readFileSync(`${console}dist/${name}`)), `${name} is of other sources: run make console`);
  }
}));

/** Texts are compared with plain spaces. */
const plain = (/** @type {string} */ text) => text.replaceAll('\u00a0', ' ');

test('numbers have three digits and the letter of their scale', () => {
  for (const [n, want] of /** @type {[number, string][]} */ ([
    [0, '0'], [0.05, '0.05'], [1.5, '1.5'], [12.34, '12.3'], [999, '999'], [999.7, '1 k'], [1240, '1.24 k'], [45_700_000, '45.7 M'], [100_000, '100 k'], [2e9, '2 G'], [-1500, '−1.5 k'],
  ])) assert.equal(plain(short(n)), want, `short(${n})`);
});

test('a change says its direction, and the least one says none', () => {
  for (const [part, want] of /** @type {[number | null, string][]} */ ([[0.932, '−93.2 %'], [-0.05, '+5.0 %'], [0.0004, '±0 %'], [0, '±0 %'], [1, '−100.0 %'], [null, '–']])) {
    assert.equal(plain(change(part)), want, `change(${part})`);
  }
});

test('times have the unit that fits', () => {
  assert.equal(plain(seconds(0.0305)), '31 ms');
  assert.equal(plain(seconds(3)), '3.0 s');
  assert.equal(plain(seconds(null)), '–');
  assert.equal(plain(span(44)), '44 s');
  assert.equal(plain(span(3480)), '58 min');
  assert.equal(plain(span(86_400)), '24 h');
  assert.equal(perSecond(null), '–');
  assert.equal(perSecond(3.14), '3.1');
});

test('the headline is a day at the measured rates, and names what is modelled', () => {
  const told = headline({ seconds: 3600, polls: 1_000_000, upstream: 130_000, avoided: 900_000 });
  assert.equal(plain(`${told?.wanted}, ${told?.made}: ${told?.change}`), '45.6 M, 3.12 M: −93.2 %');
  assert.match(plain(told?.basis ?? ''), /last 60 min of this instance.* Measured: 24 M polls come in\. Modelled: 21.6 M more/);
  const measured = headline({ seconds: 60, polls: 100, upstream: 100, avoided: 0 });
  assert.equal(plain(measured?.change ?? ''), '±0 %');
  assert.doesNotMatch(measured?.basis ?? '', /Modelled/);
  assert.equal(headline({ seconds: 3600, polls: 0, upstream: 0, avoided: 0 }), null);
  assert.equal(headline({ seconds: 2, polls: 9, upstream: 9, avoided: 0 }), null);
  assert.equal(reduction(0, 0), null);
});

/**
 * A snapshot of one route.
 * @param {string} instance
 * @param {number} uptime
 * @param {number} polls
 */
function snapshot(instance, uptime, polls) {
  return /** @type {any} */ ({ instance, uptime_s: uptime, routes: [{ name: 'board', polls, upstream: polls / 2, avoided: 0 }] });
}

test('rates are over the last ten seconds', () => {
  const rates = new Rates();
  for (let s = 0; s <= 30; s += 1) rates.take(snapshot('a', s, s < 20 ? 0 : (s - 20) * 4));
  assert.deepEqual(rates.of('board'), { polls: 4, calls: 2, avoided: 0 });
  assert.deepEqual(rates.total(), { polls: 4, calls: 2, avoided: 0 });
  assert.equal(rates.of('another').polls, null);
});

test('after a restart rates begin anew, and none is negative', () => {
  const rates = new Rates();
  rates.take(snapshot('a', 100, 1000));
  rates.take(snapshot('a', 101, 1010));
  assert.equal(rates.take(snapshot('b', 1, 5)), true);
  assert.equal(rates.of('board').polls, null);
  assert.equal(rates.total().polls, null);
  assert.equal(rates.take(snapshot('b', 2, 8)), false);
  assert.equal(rates.of('board').polls, 3);
  rates.take(snapshot('b', 3, 2));
  assert.equal(rates.of('board').polls, 0);
});

test('a move says how many sockets there will be', () => {
  const figures = { polls: 248, calls: 20, watchers: 0, pace: 5, holdout: 0 };
  const said = consequence({ stage: 'coalesce', percent: 100 }, { stage: 'push', percent: 100 }, figures);
  assert.deepEqual(said.map(plain), ['All actors stand at push.', 'About 1,240 sockets, if every page takes push; now there are 0.']);
  const half = consequence({ stage: 'coalesce', percent: 100 }, { stage: 'push', percent: 50 }, { ...figures, holdout: 10 });
  assert.match(plain(half.join(' ')), /50 % of the actors stand at push, .* the others at coalesce\. The holdout of 10 % keeps passing\. About 558 sockets/);
});

test('a step down says how many watchers will poll', () => {
  const figures = { polls: 0, calls: 3, watchers: 1000, pace: 5, holdout: 0 };
  const quarter = consequence({ stage: 'push', percent: 100 }, { stage: 'push', percent: 25 }, figures).map(plain).join(' ');
  assert.match(quarter, /About 750 watchers are told to poll, spread over time: about 150 polls a second more/);
  const off = consequence({ stage: 'push', percent: 100 }, { stage: 'off', percent: 100 }, figures).map(plain).join(' ');
  assert.match(off, /untouched.*About 1,000 watchers.*about 200 calls a second, 197 more than now/);
});

test('names become header fields', () => {
  assert.equal(encodeName(' Zoë\nMüller 李 '), 'Zoe?Muller ?');
});
