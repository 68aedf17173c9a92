import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { withEngine } from '@weir/engine';
import { tempDir } from '@weir/testkit';

/** Reads a file of an export by its path there. */
export type ReadFile = (path: string) => Promise<Buffer>;

interface Manifest {
  readonly snapshot: number;
  readonly tables: readonly { readonly name: string; readonly format: 'parquet' | 'csv' | 'ndjson'; readonly columns: readonly { readonly name: string; readonly type: string }[]; readonly files: readonly { readonly path: string; readonly sha256: string }[] }[];
}

/** An export at one snapshot, as docs/destinations.md tells to read it: pointer, manifest, files. */
export interface ReadExport {
  readonly snapshot: number;
  /** By table: rows as JSON lists of texts, sorted, without Weir's own columns. */
  readonly tables: ReadonlyMap<string, { readonly columns: readonly string[]; readonly rows: readonly string[] }>;
}

/** Reads some tables of an export, or all. */
export async function readExport(read: ReadFile, pipeline: string, only?: readonly string[]): Promise<ReadExport> {
  const pointer = JSON.parse((await read(`_weir/${pipeline}.json`)).toString()) as { readonly manifest: { readonly path: string; readonly sha256: string } };
  const manifest = JSON.parse((await verified(read, pointer.manifest)).toString()) as Manifest;
  const folder = await tempDir();
  try {
    const tables = new Map<string, { columns: string[]; rows: string[] }>();
    for (const table of manifest.tables) {
      if (only && !only.includes(table.name)) continue;
      const paths = await Promise.all(table.files.map(async (file, at) => written(join(folder.path, `${table.name}-${at}`), basename(file.path), await verified(read, file))));
      const columns = table.columns.map(({ name }) => name).filter((name) => !name.startsWith('_weir_'));
      tables.set(table.name, { columns, rows: await rowsOf(table, paths, columns, folder.path) });
    }
    return { snapshot: manifest.snapshot, tables };
  } finally {
    await folder.dispose();
  }
}

async function verified(read: ReadFile, { path, sha256 }: { readonly path: string; readonly sha256: string }): Promise<Buffer> {
  const bytes = await read(path);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
  return bytes;
}

function written(folder: string, name: string, bytes: Buffer): string {
  mkdirSync(folder);
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

async function rowsOf({ format, columns }: Manifest['tables'][number], paths: readonly string[], wanted: readonly string[], staging: string): Promise<string[]> {
  const list = `[${paths.map((path) => `'${path}'`).join(', ')}]`;
  const typed = columns.map(({ name, type }) => `'${name}': '${type}'`).join(', ');
  const from = { parquet: `read_parquet(${list})`, csv: `read_csv(${list}, auto_detect = false, header = true, quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, columns = {${typed}})`, ndjson: `read_json(${list}, columns = {${typed}})` }[format];
  return withEngine({ inputs: paths, staging, memoryLimit: '256MB', threads: 1 }, async (engine) => {
    const rows: string[] = [];
    for await (const page of engine.pages<{ row: string }>(`select to_json([${wanted.map((name) => `"${name}"::VARCHAR`).join(', ')}])::VARCHAR as row from ${from}`)) rows.push(...page.map(({ row }) => row));
    return rows.sort();
  });
}
