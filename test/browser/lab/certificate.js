import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { temporaryFolder } from './pollard.js';

const run = promisify(execFile);

/**
 * Makes a certificate for this machine that nobody has signed, with the program that comes with Go.
 * @param {import('./lab.js').Lab} lab
 */
export async function selfSigned(lab) {
  const folder = await temporaryFolder(lab);
  const { stdout: go } = await run('go', ['env', 'GOROOT']);
  const program = join(go.trim(), 'src/crypto/tls/generate_cert.go');
  await run('go', ['run', program, '--host', '127.0.0.1', '--ecdsa-curve', 'P256'], { cwd: folder });
  return { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
}
