import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestPostgres } from '@weir/testkit';
import type { RowFiles } from '../copy';
import { PostgresDestination } from '../destination';
import type { LedgerEntry } from '../ledger';
import type { TableSpec } from '../table';

/** A table of orders by id. */
export const ORDERS: TableSpec = {
  schema: 'shop',
  name: 'orders',
  columns: [
    { name: 'id', type: 'BIGINT' },
    { name: 'note', type: 'VARCHAR' },
  ],
  identity: { by: 'key', columns: ['id'] },
  lineage: false,
};

export function openDestination(config: TestPostgres, port = config.port): PostgresDestination {
  return PostgresDestination.open({ ...config, port, password: { reveal: () => config.password } });
}

/** Writes CSV lines as the engine would. */
export async function rowFiles(folder: string, lines: readonly string[]): Promise<RowFiles> {
  const path = join(folder, randomUUID());
  const text = lines.map((line) => `${line}\n`).join('');
  await writeFile(path, text);
  return { paths: [path], rows: lines.length, bytes: text.length };
}

export interface DeliverRows {
  readonly spec?: TableSpec;
  readonly to: number;
  readonly upserts?: readonly string[];
  readonly deletes?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Plans and delivers CSV lines; undefined when the table moved in between. */
export async function deliver(destination: PostgresDestination, folder: string, rows: DeliverRows): Promise<(LedgerEntry & { kind: string }) | undefined> {
  const { spec = ORDERS, signal = new AbortController().signal } = rows;
  const plan = await destination.plan(spec, 'shop', rows.to, signal);
  const load = {
    plan,
    commitId: randomUUID(),
    toSnapshot: rows.to,
    runId: `run-${rows.to}`,
    traceId: 'f'.repeat(32),
    upserts: await rowFiles(folder, rows.upserts ?? []),
    deletes: await rowFiles(folder, rows.deletes ?? []),
  };
  const entry = await destination.deliver(load, { signal, onBytes: () => undefined });
  return entry && { ...entry, kind: plan.kind };
}

/** The same table told apart by other columns. */
export function byKey(...columns: string[]): TableSpec {
  return { ...ORDERS, identity: { by: 'key', columns } };
}
