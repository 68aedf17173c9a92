import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { quoteLiteral, type ExportLayout } from '@weir/core';
import { withEngine } from '@weir/engine';
import type { Client } from 'pg';
import type { W1Truth } from '../w1/orders-data';

/** What of a manifest the bench needs; see docs/destinations.md. */
interface Manifest {
  readonly tables: readonly { readonly name: string; readonly files: readonly { readonly path: string }[] }[];
}

/** Throws unless a table has all orders but those it refuses, and the destination's own notes have just these. */
export async function verifyTable(client: Client, schema: string, { unique }: W1Truth, refused: number): Promise<void> {
  const { rows } = await client.query<{ loaded: string; refused: string }>(`select (select count(*) from ${schema}.orders)::text as loaded, (select count(*) from weir.refused where table_name = $1 and became is null)::text as refused`, [`${schema}.orders`]);
  const found = `${rows[0]?.loaded} and ${rows[0]?.refused} refused`;
  const right = `${unique - refused} and ${refused} refused`;
  if (found !== right) throw new Error(`${schema}.orders has ${found}, not ${right}.`);
}

/** Throws unless the files that the pointer leads to hold all orders and their total. */
export async function verifyExport(folder: string, scratch: string, { pipeline, format }: { readonly pipeline: string; readonly format: ExportLayout['format'] }, { unique, revenue }: W1Truth): Promise<void> {
  const pointer = JSON.parse(readFileSync(join(folder, '_weir', `${pipeline}.json`), 'utf8')) as { manifest: { path: string } };
  const manifest = JSON.parse(readFileSync(join(folder, pointer.manifest.path), 'utf8')) as Manifest;
  const files = (manifest.tables.find(({ name }) => name === 'orders')?.files ?? []).map(({ path }) => join(folder, path));
  const list = `[${files.map(quoteLiteral).join(', ')}]`;
  const relation = { parquet: `read_parquet(${list})`, csv: `read_csv(${list}, header = true)`, ndjson: `read_json(${list}, format = 'newline_delimited')` }[format];
  const [sum] = await withEngine({ inputs: files, staging: scratch, memoryLimit: '1GB', threads: 2 }, (engine) => engine.rows<{ orders: number; total: string }>(`select count(*)::integer as orders, sum(total::decimal(14, 2))::varchar as total from ${relation}`));
  if (sum?.orders !== unique || sum.total !== revenue) throw new Error(`The ${format} files have ${sum?.orders} orders and ${sum?.total}, not ${unique} and ${revenue}.`);
}
