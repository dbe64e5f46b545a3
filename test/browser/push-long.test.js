import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { inLab } from './lab/lab.js';
import { SideBySide } from './lab/sidebyside.js';
import { shown } from './lab/tab.js';

/** For how long two pages poll side by side, in seconds: by `make test-push-long`, five minutes. */
const seconds = Number(process.env.PUSH_SECONDS ?? 20);

/** A page polls a hundred times: every 3 s in five minutes. In milliseconds. */
const interval = seconds * 10;

/**
 * The share of its polls that a page may still send. Two are due: the first, and one for the first change. On time that is compressed, a busy
 * machine sends some more until the subscription stands.
 */
const allowed = interval < 3000 ? 0.05 : 0.02;

/**
 * Says what was seen, and checks what has to hold whatever happens to push.
 * @param {SideBySide} pages
 * @param {import('node:test').TestContext} t
 */
function conclude({ tabs, expected, delaysInWords }, t) {
  t.diagnostic(`${expected.length} states; from a change to its being shown ${delaysInWords.join(' with the script, without ')}`);
  for (const tab of tabs) {
    assert.deepEqual(shown(tab), expected);
    assert.equal(tab.state.polling, 'polling');
    assert.deepEqual(tab.complaints, []);
  }
}

/** @param {number} part of the whole time; what is returned is in milliseconds */
const time = (part) => part * seconds * 1000;

describe('a page beside one without the script', { concurrency: true }, () => {
  test('shows the same states, and sends hardly a poll', inLab(async (lab, t) => {
    const pages = await SideBySide.open(lab, interval);
    await pages.play(time(1));
    const [few, many] = pages.sent;
    t.diagnostic(`${few} polls with the script, ${many} without`);
    conclude(pages, t);
    assert.ok(few <= allowed * many, `${few} polls with the script, ${many} without`);
  }, time(1) + 120_000));

  test('does not show that the kill switch is pulled for a while', inLab(async (lab, t) => {
    const pages = await SideBySide.open(lab, interval);
    const counts = [];
    await pages.play(time(0.4));
    counts.push(pages.sent);
    await pages.proxy.kill('PUT');
    await pages.play(time(0.2));
    counts.push(pages.sent);
    await pages.proxy.kill('DELETE');
    await pages.play(time(0.4));
    counts.push(pages.sent);
    t.diagnostic(`polls with the script and without: ${counts.map((count) => count.join(' and ')).join(', after the switch ')}`);
    conclude(pages, t);
    const [[before], [after, plain]] = counts;
    assert.ok(after > before, 'no poll was sent while the switch was pulled');
    assert.ok(after < plain, 'the page without the script polled less');
  }, time(1) + 120_000));
});
