import assert from 'node:assert/strict';
import test from 'node:test';

import { open, serveRoutes } from './lab/console.js';
import { ForwardedPort } from './lab/forwardedport.js';
import { inLab } from './lab/lab.js';
import { Redis } from './lab/redis.js';

test('an instance by itself says so', inLab(async (lab) => {
  const pollard = await serveRoutes(lab, 1);
  const { page, complaints } = await open(lab, pollard.admin);
  await page.click('nav >> text=Fleet');
  await page.waitForSelector('text=an instance by itself');
  assert.deepEqual(complaints, []);
}));

test('the fleet is shown: who is looked at, who else there is, and whether they act as one', inLab(async (lab) => {
  const redis = await Redis.start(lab);
  const routes = [{ name: 'route_000', path: '/0/*', stage: 'coalesce' }];
  const fleet = { redis: redis.url, fleet: 'test', secret: '0123456789abcdef', routes };
  const first = await serveRoutes(lab, 1, fleet);
  const { page, complaints } = await open(lab, first.admin);
  await page.click('nav >> text=Fleet');
  await page.waitForSelector('h1:has-text("Fleet test")');
  await page.waitForSelector('.tag.good:text-is("up")');
  await page.waitForSelector('dd:has-text("together one call to upstream for all instances")');
  await page.waitForSelector('dd:has-text("what is moved here is moved everywhere")');
  await page.waitForFunction(() => document.querySelectorAll('.instances tbody tr').length === 1);

  const second = await serveRoutes(lab, 1, fleet);
  await page.waitForFunction(() => document.querySelectorAll('.instances tbody tr').length === 2);
  await page.waitForSelector('.tag.good:text-is("acts as one")');
  assert.equal(await page.locator('.notice').count(), 0);

  await second.reroute([{ name: 'another', path: '/another', stage: 'push' }]);
  await page.waitForSelector('.rifts li:has-text("has routes configured otherwise.")');
  await page.waitForSelector('.notice.warn:has-text("The fleet does not act as one.")');
  await page.waitForSelector('.instances .tag.warn:text-is("differs")');
  await second.stop();
  await page.waitForFunction(() => document.querySelectorAll('.instances tbody tr').length === 1);
  await page.waitForSelector('.tag.good:text-is("acts as one")');

  await redis.down();
  await page.waitForSelector('.rifts li:has-text("The rollout is this instance\'s alone")');
  await page.click('nav >> text=Routes');
  await page.waitForSelector('.notice.warn:has-text("The fleet does not act as one.")');
  for (let i = 0; i < 5; i += 1) await fetch(`${first.url}/0/${i}`); // who polls finds out before it is looked for
  await page.click('.notice a');
  await page.waitForSelector('.tag.bad:text-is("down")');
  await page.waitForSelector('dd:has-text("alone each asks upstream for itself")');

  await redis.up();
  await page.waitForSelector('.tag.good:text-is("up")');
  await page.waitForSelector('.tag.good:text-is("acts as one")');
  assert.equal(await page.locator('.notice').count(), 0);
  assert.deepEqual(complaints, []);
}));

test('an instance of another build is named while a fleet is upgraded', inLab(async (lab) => {
  const redis = await Redis.start(lab);
  const pollard = await serveRoutes(lab, 1, { redis: redis.url });
  const port = await ForwardedPort.start(lab, pollard.admin);
  const other = { name: 'web-9:8080', build: 'pollard v9', routes: '', mode: 'deaf', heard: '2026-11-20T12:00:00Z' };
  port.rewrite = (text) => text.replace(/"others":\[\]/, `"others":[${JSON.stringify(other)}]`)
    .replace(/"rifts":\[\]/, '"rifts":["web-9:8080 is of another build: pollard v9."]');
  const { page } = await open(lab, port.url);
  await page.waitForSelector('.notice.warn:has-text("web-9:8080 is of another build: pollard v9.")');
  await page.click('.notice a');
  await page.waitForSelector('.instances tr:has-text("web-9:8080") >> .tag.warn:text-is("deaf")');
}));
