import assert from 'node:assert/strict';
import test from 'node:test';

import { startBrowser } from './lab/chromium.js';
import { inLab } from './lab/lab.js';
import { checkOwner, issue, signIn } from './lab/person.js';
import { startDemo } from './lab/pollard.js';
import { Tab } from './lab/tab.js';

test('a write is visible in the next poll of its writer, and soon to everybody', inLab(async (lab) => {
  const demo = await startDemo(lab, 24);
  const browser = await startBrowser(lab);
  const mine = await browser.newContext();
  const writer = await signIn(mine, demo.through, 'alice');
  const second = await Tab.open(mine);
  const reader = await signIn(await browser.newContext(), demo.through, 'bob');
  const tabs = [writer, second, reader];
  await Promise.all(tabs.map((tab) => tab.page.goto(demo.through + issue)));
  await Promise.all(tabs.map((tab) => tab.morePolls(1)));

  const title = 'Less & <b>more</b>';
  const before = writer.polls[0].document;
  await writer.page.click('summary');
  await writer.page.fill('input[name="title"]', title);
  await writer.page.click('text=Save changes');
  const afterwards = () => writer.polls.find((poll) => poll.document !== before);
  await writer.until('polled from the page that comes after the form', () => afterwards() !== undefined);
  assert.equal(titleOf(afterwards()), title, 'the first poll of the page that comes after the form');

  const asked = second.polls.length;
  await second.morePolls(2);
  assert.equal(titleOf(second.polls[asked + 1]), title, "the first poll that the writer's other tab has sent since"); // one may have been on its way
  await reader.until('showed the new title', () => titleOf(reader.polls.at(-1)) === title);
  checkOwner(writer, 'alice');
  checkOwner(second, 'alice');
  checkOwner(reader, 'bob');
}));

/** @param {import('./lab/tab.js').Poll | undefined} poll */
function titleOf(poll) {
  return poll && JSON.parse(poll.body).title_text;
}
