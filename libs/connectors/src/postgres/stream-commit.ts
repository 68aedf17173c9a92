import { WeirError, quoteIdent, quoteLiteral } from '@weir/core';
import type { PoolClient, QueryResult } from 'pg';
import type { Pools } from './config';
import { copyBytes } from './copy';
import { mapDestinationError } from './errors';
import { executeClaim, positionMoved, readPositions, type PositionRange, type StreamSource } from './positions';
import { readStreamEntry, writeStreamEntry, type TableCounts } from './stream-ledger';
import type { StageStatement, WrittenRow } from './stream-merge';
import { StreamSession } from './stream-session';
import { DELETED_COLUMN, stagedColumns, type StreamTable } from './stream-table';
import { tableLabel } from './table';
import { onConnection } from './transaction';

/** The rows of one table in a micro-batch. */
export interface StagedRows {
  readonly table: StreamTable;
  /** Of the CSV, in order. */
  readonly columns: readonly string[];
  readonly rows: number;
  /** CSV without header; null is an unquoted empty field. */
  readonly data: Uint8Array;
}

/** A micro-batch: what it moves, and what it brings. */
export interface StreamBatch extends StreamSource {
  readonly definitionVersion: number;
  /** UUID; the same when it is repeated. */
  readonly commitId: string;
  readonly runId: string;
  readonly traceId: string;
  /** Every partition once. */
  readonly ranges: readonly PositionRange[];
  /** Every table once. */
  readonly tables: readonly StagedRows[];
  /** Counts of the stages before, for the ledger. */
  readonly accounts: Readonly<Record<string, number>> | undefined;
}

/** What a micro-batch changed. */
export interface StreamCommit {
  readonly tables: readonly TableCounts[];
  /** It had been committed before: only the answer was lost. */
  readonly wasCommitted: boolean;
}

/** A table of the batch on the connection that commits it. */
interface Staged extends StagedRows {
  readonly stage: string;
  readonly label: string;
}

/**
 * Commits a micro-batch in one transaction: rows, positions and the ledger's row. When its positions moved already and the ledger has its commit id, an
 * earlier try had committed, and its counts are given. Otherwise throws POSITION_MOVED, and nothing was changed.
 */
export async function commitStream(pools: Pools, batch: StreamBatch, signal: AbortSignal): Promise<StreamCommit> {
  return onConnection(pools, 'streams', signal, async (client) => {
    const session = await StreamSession.on(client);
    const staged = await stageAll(client, session, batch, signal);
    const looks = await claim(client, batch, staged);
    if (!looks) return earlierCommit(client, batch);
    const tables: TableCounts[] = [];
    for (const [at, one] of staged.entries()) tables.push(await placed(one, () => merge(client, one, batch.commitId, looks[at] ?? NOTHING_SPECIAL)));
    // One message: where the ledger's row fails the commit is not carried out.
    await client.query(`${writeStreamEntry(batch, tables)}; commit`);
    return { tables, wasCommitted: false };
  });
}

/** Begins the transaction and copies the rows of every table. */
async function stageAll(client: PoolClient, session: StreamSession, { tables }: StreamBatch, signal: AbortSignal): Promise<Staged[]> {
  const stages = await session.stagesOf(tables.map(({ table }) => table));
  const staged = tables.map((rows, at) => ({ ...rows, stage: stages[at] ?? '', label: tableLabel(rows.table.spec) }));
  // Locks are taken in this order.
  staged.sort((one, other) => (one.label < other.label ? -1 : 1));
  if (staged.length === 0) await client.query('begin');
  for (const [at, one] of staged.entries()) await placed(one, () => copyStaged(client, one, at === 0 ? 'begin; ' : '', signal));
  return staged;
}

async function copyStaged(client: PoolClient, { stage, columns, rows, data, label }: Staged, begin: string, signal: AbortSignal): Promise<void> {
  await copyBytes(client, `${begin}copy ${stage} (${columns.map(quoteIdent).join(', ')}) from stdin (format csv)`, { table: label, data, rows }, signal);
}

/** What must be known of a table before its rows are merged. */
interface Look {
  readonly deletes: boolean;
  readonly graves: boolean;
}

const NOTHING_SPECIAL: Look = { deletes: false, graves: false };

/**
 * Moves the positions, then takes the locks of the tables and looks at them, in one message; undefined when a position is elsewhere.
 * Positions first: of two consumers of one partition the second then waits without a lock that the first one needs.
 */
async function claim(client: PoolClient, batch: StreamBatch, staged: readonly Staged[]): Promise<Look[] | undefined> {
  const keyed = staged.filter(({ table }) => table.spec.identity.by === 'key');
  const statements = [executeClaim(batch, batch.ranges, batch.commitId), ...keyed.map(({ stage }) => execute(stage, 'lock')), ...keyed.map(({ stage }) => execute(stage, 'graves'))];
  const [moved, ...answers] = await client.query(statements.join('; ')).then((results: QueryResult | QueryResult[]) => (Array.isArray(results) ? results : [results]));
  if (moved?.rowCount !== batch.ranges.length) return undefined;
  return staged.map((one) => {
    const at = keyed.indexOf(one);
    return at < 0 ? NOTHING_SPECIAL : { deletes: isTrue(answers[at], 'deletes'), graves: isTrue(answers[keyed.length + at], 'found') };
  });
}

function isTrue(result: QueryResult | undefined, column: string): boolean {
  return (result?.rows[0] as Record<string, unknown> | undefined)?.[column] === true;
}

async function merge(client: PoolClient, { table, stage, label }: Staged, commitId: string, { deletes, graves }: Look): Promise<TableCounts> {
  const written = async (statement: StageStatement): Promise<WrittenRow | undefined> => (await client.query<WrittenRow>(execute(stage, statement, commitId))).rows[0];
  if (table.spec.identity.by !== 'key') return countsOf(label, await written('append'), undefined);
  const upserted = await written(graves ? 'upsert_past' : 'upsert');
  if (graves) await client.query(execute(stage, 'raise'));
  const buried = deletes ? await client.query<{ deleted: string }>(execute(stage, 'bury', commitId)) : undefined;
  return countsOf(label, upserted, buried?.rows[0]);
}

function countsOf(table: string, written: WrittenRow | undefined, buried: { deleted: string } | undefined): TableCounts {
  return { table, inserted: Number(written?.inserted ?? 0), updated: Number(written?.updated ?? 0), deleted: Number(buried?.deleted ?? 0) };
}

function execute(stage: string, statement: StageStatement, commitId?: string): string {
  return `execute ${stage}_${statement}${commitId === undefined ? '' : ` (${quoteLiteral(commitId)})`}`;
}

async function earlierCommit(client: PoolClient, batch: StreamBatch): Promise<StreamCommit> {
  await client.query('rollback');
  const tables = await readStreamEntry(client, batch);
  if (tables) return { tables, wasCommitted: true };
  throw positionMoved(batch, batch.ranges, await readPositions(client, batch));
}

async function placed<T>({ label }: Staged, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw mapDestinationError(error, label);
  }
}

/** Throws INVALID_VALUE for a micro-batch that no table could take: what would be an error of Postgres otherwise, or of the row after it. */
export function assertStreamBatch({ commitId, ranges, tables }: StreamBatch): void {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(commitId)) throw invalid(`\`${commitId}\` is not a UUID for a commit.`);
  if (ranges.length === 0) throw invalid('The micro-batch moves no position.');
  for (const { partition, from, to, greatestTimestamp } of ranges) {
    const whole = [partition, from, to, greatestTimestamp].every((number) => Number.isSafeInteger(number) && number >= 0);
    if (!whole || from > to) throw invalid(`[${from}, ${to}) is not a range of offsets of partition ${partition}.`);
  }
  if (new Set(ranges.map(({ partition }) => partition)).size < ranges.length) throw invalid('The micro-batch moves a partition twice.');
  if (new Set(tables.map(({ table }) => tableLabel(table.spec))).size < tables.length) throw invalid('The micro-batch has a table twice.');
  for (const { table, columns } of tables) {
    const wanted = new Set(stagedColumns(table).map(({ name }) => name));
    const wrong = columns.find((name, at) => !wanted.has(name) || columns.indexOf(name) !== at);
    const missing = [...wanted].find((name) => !columns.includes(name) && name !== DELETED_COLUMN.name);
    if (wrong !== undefined) throw invalid(`The column \`${wrong}\` of the rows is not one of ${tableLabel(table.spec)}, or is there twice.`, tableLabel(table.spec));
    if (missing !== undefined) throw invalid(`The rows lack the column \`${missing}\` of ${tableLabel(table.spec)}.`, tableLabel(table.spec));
  }
}

function invalid(message: string, place?: string): WeirError {
  return new WeirError({ code: 'INVALID_VALUE', message, place });
}
