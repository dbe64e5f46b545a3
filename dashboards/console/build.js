import { copyFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

/**
 * Makes what is in dist, or in the folder that is named, of src: the same bytes wherever it runs, since everything that takes part is pinned
 * in package-lock.json.
 */
const here = fileURLToPath(new URL('.', import.meta.url));
const folder = process.argv[2] ?? `${here}dist`;
await mkdir(folder, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: { console: 'src/main.js' },
  outdir: folder,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['chrome111', 'firefox114', 'safari16.4'],
  legalComments: 'eof',
  charset: 'utf8',
});
for (const name of ['index.html', 'icon.svg']) await copyFile(`${here}src/${name}`, `${folder}/${name}`);
