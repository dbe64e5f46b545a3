// The dashboards, held to the types that Grafana publishes: no key that it does not know, no value that it does not take.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'node:test';
import ts from 'typescript';

const here = fileURLToPath(new URL('.', import.meta.url));
const folder = `${here}../../dashboards/grafana/`;
const options = {
  strict: true, noEmit: true, skipLibCheck: true, allowImportingTsExtensions: true,
  module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2022,
};

// complaints of the compiler about dashboards, by their names, as they would be written in TypeScript: only what is
// written there is searched for unknown keys.
function complaints(dashboards) {
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  const sources = new Map(Object.entries(dashboards).map(([name, json]) =>
    [`${here}${name}.ts`, `import type { Written } from './dashboard.ts';\nexport const written: Written = ${json};\n`]));
  host.fileExists = (file) => sources.has(file) || fileExists.call(host, file);
  host.getSourceFile = (file, ...rest) =>
    sources.has(file) ? ts.createSourceFile(file, sources.get(file), options.target) : getSourceFile.call(host, file, ...rest);
  return ts.getPreEmitDiagnostics(ts.createProgram([...sources.keys()], options, host))
    .map((d) => `${d.file?.fileName.slice(here.length)}: ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`);
}

const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const written = Object.fromEntries(files.map((name) => [name, readFileSync(folder + name, 'utf8')]));

test('what dashboards say is what Grafana knows', () => {
  assert.notEqual(files.length, 0);
  assert.deepEqual(complaints(written), []);
});

test('what Grafana does not know is complained of', () => {
  const spoilt = (from, to) => {
    assert.ok(written['fleet.json'].includes(from), from);
    return written['fleet.json'].replace(from, to);
  };
  const all = {
    key: spoilt('"gridPos"', '"gridPosition"'),
    value: spoilt('"drawStyle": "line"', '"drawStyle": "curve"'),
    panel: spoilt('"type": "timeseries"', '"type": "graph"'),
    missing: spoilt(',\n      "panels": []', ''),
    query: spoilt('"legendFormat"', '"legend"'),
  };
  const found = complaints(all);
  for (const name of Object.keys(all)) {
    assert.ok(found.some((line) => line.startsWith(`${name}.ts`)), `${name}: no complaint`);
  }
});
