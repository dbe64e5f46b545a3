import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { inLab } from './lab/lab.js';
import { temporaryFolder } from './lab/pollard.js';

const victim = fileURLToPath(new URL('./lab/victim.js', import.meta.url));

test('a test that is killed leaves no browser and no Pollard behind', inLab(async (lab) => {
  const folder = await temporaryFolder(lab); // the browser's profile stays behind, as there is nobody left to remove it
  const child = fork(victim, { env: { ...process.env, TMPDIR: folder } });
  lab.defer(() => child.kill('SIGKILL'));
  const [started] = await once(child, 'message');
  for (const [what, pid] of Object.entries(started)) assert.ok(await runs(pid), `${what} runs as process ${pid}`);
  child.kill('SIGKILL');
  for (const pid of Object.values(started)) {
    while (await runs(pid)) await pause(20); // for ever, if it is left behind: the lab's limit ends it
  }
}));

/**
 * Whether a process is there, other than as a dead one that nobody has buried yet.
 * @param {number} pid
 */
async function runs(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
  return !/\) [ZX]/.test(stat);
}
