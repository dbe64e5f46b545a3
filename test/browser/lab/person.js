import assert from 'node:assert/strict';

import { Tab } from './tab.js';

/** Two pages of the legacy application whose documents are under one URL for everybody, and differ by who reads them. */
export const issue = '/group/project/-/issues/2';
export const imports = '/import/github';

/** What an issue says to alice, who is a member of the project, and not to bob. */
const confidential = 'Rotate the payroll keys';

/**
 * Signs somebody in at the legacy application, as they would do it themselves, and leaves the tab open.
 * @param {import('playwright-core').BrowserContext} context
 * @param {string} door one of the application's addresses
 * @param {string} name
 */
export async function signIn(context, door, name) {
  const tab = await Tab.open(context);
  await tab.page.goto(`${door}/`);
  await tab.page.click(`button[name="user"][value="${name}"]`);
  await tab.page.waitForSelector('text=Sign out');
  return tab;
}

/**
 * Checks that everything a tab has polled or shown, of the two pages above, was made for its user, and that nothing in it went wrong.
 * @param {Tab} tab
 * @param {'alice' | 'bob'} name
 */
export function checkOwner(tab, name) {
  assert.ok(tab.polls.length > 0, `${name} has polled`);
  for (const { path, status, body } of tab.polls) {
    assert.equal(status, 200, `${name} at ${path}`);
    for (const part of [JSON.parse(body)].flat()) assert.equal(part.viewer, name, `${path} was polled by ${name}`);
    if (path.startsWith(issue)) assert.equal(body.includes(confidential), name === 'alice', `what ${name} may know: ${body}`);
  }
  for (const state of tab.states) {
    if (state.viewer) assert.equal(state.viewer, name, `a page of ${name}`);
    if (state.description) assert.equal(state.description.includes(confidential), name === 'alice', `what ${name} may know: ${state.description}`);
    if (state.projects) assert.equal(state.projects.match(/[a-z]+(?=\/website)/)?.[0], name, `the imports of ${name}: ${state.projects}`);
  }
  assert.deepEqual(tab.complaints, [], `complaints on a page of ${name}`);
}
