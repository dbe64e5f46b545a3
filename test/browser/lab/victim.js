/** A test to be killed: it starts what tests start, says which processes these are, and waits. */

import { browserProcess, startBrowser } from './chromium.js';
import { Lab } from './lab.js';
import { startDemo } from './pollard.js';

process.once('disconnect', () => process.exit()); // the test itself has died
const lab = new Lab();
const demo = await startDemo(lab, 1);
const browser = await startBrowser(lab);
process.send?.({ pollard: demo.pid, browser: await browserProcess(browser) });
