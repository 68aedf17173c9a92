import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestPostgres } from '@weir/testkit';
import type { RowFiles } from '../copy';
import { PostgresDestination } from '../destination';
import type { LedgerEntry } from '../ledger';
import type { PreparedLoad } from '../load-commit';
import type { LoadPlan } from '../plan';
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
  /** Most rows that the table may refuse; of all tables that of the first holds. */
  readonly mostRefused?: number;
}

/** A plan of a table that is behind. */
export async function planned(destination: PostgresDestination, spec: TableSpec, snapshot: number, signal: AbortSignal): Promise<LoadPlan> {
  const plan = await destination.plan(spec, 'shop', snapshot, signal);
  if (plan.kind === 'keep') throw new Error(`${spec.name} is at ${snapshot}.`);
  return plan;
}

/** Plans and delivers CSV lines to one table; undefined when it moved in between. */
export async function deliver(destination: PostgresDestination, folder: string, rows: DeliverRows): Promise<(LedgerEntry & { kind: string }) | undefined> {
  const [entry] = (await deliverAll(destination, folder, [rows])) ?? [];
  return entry;
}

/** Plans and delivers CSV lines to several tables at once; undefined when one of them moved in between. */
export async function deliverAll(destination: PostgresDestination, folder: string, tables: readonly DeliverRows[]): Promise<(LedgerEntry & { kind: string })[] | undefined> {
  const signal = tables[0]?.signal ?? new AbortController().signal;
  const loads: PreparedLoad[] = [];
  for (const { spec = ORDERS, to, upserts = [], deletes = [] } of tables) {
    const plan = await planned(destination, spec, to, signal);
    loads.push({ plan, commitId: randomUUID(), toSnapshot: to, runId: `run-${to}`, traceId: 'f'.repeat(32), upserts: await rowFiles(folder, upserts), deletes: await rowFiles(folder, deletes) });
  }
  const entries = await destination.deliver(loads.map((load) => Promise.resolve(load)), { signal, onBytes: () => undefined, mostRefused: () => tables[0]?.mostRefused ?? 0 });
  return entries?.map((entry, at) => ({ ...entry, kind: loads[at]?.plan.kind ?? '' }));
}

/** The same table told apart by other columns. */
export function byKey(...columns: string[]): TableSpec {
  return { ...ORDERS, identity: { by: 'key', columns } };
}
