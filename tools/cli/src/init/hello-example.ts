import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '@weir/servers';
import type { InitFile } from './write-definition';

const FILES = ['pipeline.yaml', 'contract.odcs.yaml', 'models/gold/revenue_by_country.sql', 'tests/orders.yaml', 'data/orders.csv'] as const;

/** The files of examples/hello, its pipeline, schema and contract renamed to `name`. */
export async function helloExample(name: string): Promise<InitFile[]> {
  return Promise.all(
    FILES.map(async (path) => {
      const text = await readFile(join(ROOT, 'examples/hello', path), 'utf8');
      return { path, text: path.endsWith('.yaml') ? renamed(text, name) : text };
    }),
  );
}

function renamed(text: string, name: string): string {
  return text
    .replace(/^name: hello$/m, `name: ${name}`)
    .replace('schema: hello }', `schema: ${name} }`)
    .replace(/^id: hello-orders$/m, `id: ${name}-orders`);
}
