import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CONNECTIONS_SCHEMA, contractSchema, PIPELINE_SCHEMA, TESTS_SCHEMA } from '@weir/core';
import { checksDoc } from './checks-doc';
import { errorsDoc } from './errors-doc';

/** Every generated document by its path below the repository. */
export function generatedDocs(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/checks.md', checksDoc()],
    ['docs/errors.md', errorsDoc()],
    ['docs/schema/connections.schema.json', `${JSON.stringify(CONNECTIONS_SCHEMA, undefined, 2)}\n`],
    ['docs/schema/contract.schema.json', `${JSON.stringify(contractSchema(), undefined, 1)}\n`],
    ['docs/schema/pipeline.schema.json', `${JSON.stringify(PIPELINE_SCHEMA, undefined, 2)}\n`],
    ['docs/schema/tests.schema.json', `${JSON.stringify(TESTS_SCHEMA, undefined, 2)}\n`],
  ]);
}

/** Paths of the generated documents below `root` that are missing or not what the code says now. */
export function driftedDocs(root: string): string[] {
  return [...generatedDocs()].filter(([path, text]) => readText(join(root, path)) !== text).map(([path]) => path);
}

/** Writes every generated document below `root` and gives the paths of those that changed. */
export function writeDocs(root: string): string[] {
  const drifted = driftedDocs(root);
  for (const path of drifted) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), generatedDocs().get(path) ?? '');
  }
  return drifted;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
