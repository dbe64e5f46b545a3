import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { startBrowser } from './lab/chromium.js';
import { inLab } from './lab/lab.js';
import { signIn } from './lab/person.js';
import { startDemo } from './lab/pollard.js';
import { Tab } from './lab/tab.js';

/**
 * @typedef {import('./lab/tab.js').State} State
 */

/**
 * The legacy application's documents, and how far on each is in a state: a list of numbers that only ever grows from one state to the next.
 * @type {{page: string, poll: string, progress: (state: State) => number[]}[]}
 */
const documents = [
  { page: '/group/project/-/jobs/3', poll: '/group/project/-/jobs/3.json', progress: jobProgress },
  { page: '/group/project/-/issues/1', poll: '/group/project/-/issues/1/realtime_changes', progress: (issue) => [Number(issue.lock_version)] },
  { page: '/import/github', poll: '/import/github/realtime_changes.json', progress: importProgress },
];

/** @param {State} job */
function jobProgress(job) {
  const phases = [['created'], ['pending'], ['running'], ['success', 'failed', 'canceled']];
  return [Number(job.run), phases.findIndex((phase) => phase.includes(job.status)), job.trace.length];
}

/** @param {State} projects */
function importProgress(projects) {
  const imported = [...projects.projects.matchAll(/(\d+) \/ \d+/g)].map((match) => Number(match[1]));
  assert.equal(imported.length, 3, projects.projects);
  return [imported.reduce((sum, n) => sum + n)];
}

/**
 * @param {number[]} a
 * @param {number[]} b
 */
function compare(a, b) {
  for (const [i, n] of a.entries()) if (n !== b[i]) return n - b[i];
  return 0;
}

test('a page behind Pollard shows the same states in the same order as the page without it', inLab(async (lab) => {
  const demo = await startDemo(lab, 24);
  const browser = await startBrowser(lab);
  const [through, direct] = await Promise.all([demo.through, demo.direct].map(async (door) => {
    const context = await browser.newContext();
    await (await signIn(context, door, 'alice')).page.close();
    return Promise.all(documents.map(async ({ page }) => {
      const tab = await Tab.open(context);
      await tab.page.goto(door + page);
      return tab;
    }));
  }));

  for (let changes = 0; changes < 6; changes += 1) { // faster than polls, so that each page skips some
    await Promise.all(documents.map(({ poll }) => demo.change(poll)));
    await pause(1100);
  }
  for (const [i, { page, progress }] of documents.entries()) {
    await meet(through[i], direct[i], progress);
    const behind = ordered(through[i], progress, `${page} behind Pollard`);
    const plain = ordered(direct[i], progress, `${page} without Pollard`);
    // How many of the states in between are seen depends on when the polls are sent; the first and the last always are.
    assert.ok(behind.size >= 2 && plain.size >= 2, `${page} has shown ${behind.size} and ${plain.size} states`);
    for (const [far, state] of behind) assert.deepEqual(state, plain.get(far) ?? state, `${page} at ${far}`);
    assert.deepEqual([...through[i].complaints, ...direct[i].complaints], [], page);
  }
}));

/**
 * Waits until two tabs are equally far on: the application goes on by itself, so that one may have overtaken the other.
 * @param {Tab} a
 * @param {Tab} b
 * @param {(state: State) => number[]} progress
 */
async function meet(a, b, progress) {
  for (;;) {
    const [one, other] = [progress(a.state), progress(b.state)];
    if (compare(one, other) === 0) return;
    await (compare(one, other) < 0 ? catchUp(a, other, progress) : catchUp(b, one, progress));
  }
}

/**
 * Waits until a tab is as far on as another was.
 * @param {Tab} tab
 * @param {number[]} far
 * @param {(state: State) => number[]} progress
 */
function catchUp(tab, far, progress) {
  return tab.until(`got as far as ${far}`, () => compare(progress(tab.state), far) >= 0);
}

/**
 * The states of a tab by how far on they are, checked for never going back and for never changing without going on.
 * @param {Tab} tab
 * @param {(state: State) => number[]} progress
 * @param {string} what
 */
function ordered(tab, progress, what) {
  /** @type {Map<string, State>} */
  const states = new Map();
  for (const [i, state] of tab.states.entries()) {
    const next = progress(state);
    if (i > 0) assert.ok(compare(progress(tab.states[i - 1]), next) < 0, `${what} went from ${progress(tab.states[i - 1])} to ${next}`);
    states.set(next.join(), state);
  }
  return states;
}
