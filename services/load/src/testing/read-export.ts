import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ExportedTable, ExportManifest, ExportPointer } from '@weir/connectors';
import { quoteIdent, quoteLiteral, type Model } from '@weir/core';
import { withEngine } from '@weir/engine';
import { tempDir } from '@weir/testkit';

/** A table as a reader of its destination finds it. */
export interface FoundTable {
  /** `name TYPE`, without Weir's own. */
  readonly columns: readonly string[];
  /** The model's columns as JSON lists of texts, sorted. */
  readonly rows: readonly string[];
}

/** Reads all tables of an export as anybody would: pointer, manifest, files. Every file is held against the manifest. */
export async function readExport(read: (path: string) => Promise<Buffer>, models: readonly Model[], pipeline = 'test'): Promise<{ readonly manifest: ExportManifest; readonly tables: Map<string, FoundTable> }> {
  const pointer = JSON.parse((await read(`_weir/${pipeline}.json`)).toString()) as ExportPointer;
  const bytes = await read(pointer.manifest.path);
  expect(sha256(bytes)).toBe(pointer.manifest.sha256);
  const manifest = JSON.parse(bytes.toString()) as ExportManifest;
  const folder = await tempDir();
  try {
    const tables = new Map<string, FoundTable>();
    for (const table of manifest.tables) {
      const model = models.find(({ name }) => name === table.name);
      if (model) tables.set(table.name, await readTable(read, table, model, folder.path));
    }
    return { manifest, tables };
  } finally {
    await folder.dispose();
  }
}

async function readTable(read: (path: string) => Promise<Buffer>, table: ExportedTable, model: Model, folder: string): Promise<FoundTable> {
  const paths: string[] = [];
  for (const { path, date, sha256: hash } of table.files) {
    const bytes = await read(path);
    expect(sha256(bytes)).toBe(hash);
    expect(path.startsWith(`${table.name}/${date === undefined ? '' : `${table.partitionedBy ?? ''}=${date}/`}`)).toBe(true);
    const file = join(folder, date ?? '', basename(path));
    await mkdir(join(folder, date ?? ''), { recursive: true });
    await writeFile(file, bytes);
    paths.push(file);
  }
  const list = `[${paths.map(quoteLiteral).join(', ')}]`;
  const names = model.columns.map(({ name }) => `${quoteIdent(name)}::VARCHAR`);
  return withEngine({ inputs: paths, staging: folder, memoryLimit: '256MB', threads: 1 }, async (engine) => {
    const from = relationOf(table, list);
    const [first] = await engine.rows<{ rows: number }>(`select count(*) as rows from ${from}`);
    expect(first?.rows).toBe(table.rows);
    expect(table.partitions.reduce((sum, { rows }) => sum + rows, 0)).toBe(table.rows);
    const rows = await engine.rows<{ row: string }>(`select to_json([${names.join(', ')}])::VARCHAR as row from ${from}`);
    const described = table.format === 'parquet' ? await engine.rows<{ column_name: string; column_type: string }>(`describe select * from ${from}`) : table.columns.map(({ name, type }) => ({ column_name: name, column_type: type }));
    return { columns: described.map(({ column_name: name, column_type: type }) => `${name} ${type}`).filter((name) => !name.startsWith('_weir_')), rows: rows.map(({ row }) => row).sort() };
  });
}

/** What is in the files, by the types that the manifest says. */
function relationOf({ format, columns }: ExportedTable, list: string): string {
  const typed = columns.map(({ name, type }) => `${quoteLiteral(name)}: '${type}'`).join(', ');
  switch (format) {
    case 'parquet':
      return `read_parquet(${list}, hive_partitioning = false)`;
    case 'csv':
      return `read_csv(${list}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, hive_partitioning = false, columns = {${typed}})`;
    case 'ndjson':
      return `read_json(${list}, format = 'newline_delimited', hive_partitioning = false, columns = {${typed}})`;
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
