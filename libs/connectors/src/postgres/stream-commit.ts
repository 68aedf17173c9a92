import { WeirError, quoteIdent, quoteLiteral } from '@weir/core';
import type { PoolClient, QueryResult } from 'pg';
import type { Pools } from './config';
import { copyBytes } from './copy';
import { heedingRefusals, type DoubtfulTables } from './doubtful-tables';
import { mapDestinationError, placed } from './errors';
import type { GrainRange } from './grain-ranges';
import type { Run } from './isolate-rows';
import { isolateTables, type IncomingRows } from './isolate-stream';
import { executeClaim, positionMoved, readPositions, type PositionRange, type StreamSource } from './positions';
import { refusingTable } from './refusal';
import { settleTouched } from './settle-stream';
import { readStreamEntry, writeStreamEntry, type TableCounts } from './stream-ledger';
import { STREAM_RULE, winners, type StageStatement, type WrittenRow } from './stream-merge';
import { StreamSession } from './stream-session';
import { DELETED_COLUMN, stagedColumns, type StreamTable } from './stream-table';
import { tableLabel } from './table';
import { onConnection, runOn } from './transaction';
import { writingRows } from './writing-rows';

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
  /** Which grains its records are of: what the quarantine is told of those that a table refuses. */
  readonly grains: readonly GrainRange[];
  /** Counts of the stages before, for the ledger. */
  readonly accounts: Readonly<Record<string, number>> | undefined;
}

/** What a micro-batch changed. */
export interface StreamCommit {
  readonly tables: readonly TableCounts[];
  /** It had been committed before: only the answer was lost. */
  readonly wasCommitted: boolean;
  /** Whether the quarantine may have something to hear: rows were refused, or what had been refused was settled. */
  readonly noted: boolean;
}

/** A table of the batch on the connection that commits it. */
interface Staged extends StagedRows {
  readonly stage: string;
  readonly label: string;
}

/** Most rows of one table that it may refuse in a micro-batch: each costs some ten statements, and all of it must be over within the 30 s of a call. */
const MOST_REFUSED = 250;

/**
 * Commits a micro-batch in one transaction: rows, positions and the ledger's row. When its positions moved already and the ledger has its commit id, an
 * earlier try had committed, and its counts are given. Otherwise throws POSITION_MOVED, and nothing was changed.
 *
 * When a table refuses rows all is rolled back and begun anew, with that table changed after all others and without these rows, which are noted in weir.refused. So a micro-batch of which no row is refused pays nothing for
 * it. Throws BATCH_TOO_LARGE for one of which a table refuses so many that it takes too long to find them.
 */
export async function commitStream(pools: Pools, batch: StreamBatch, signal: AbortSignal): Promise<StreamCommit> {
  return heedingRefusals((doubtful) => commitOnce(pools, batch, doubtful, signal));
}

async function commitOnce(pools: Pools, batch: StreamBatch, doubtful: DoubtfulTables, signal: AbortSignal): Promise<StreamCommit> {
  return onConnection(pools, 'streams', signal, async (client) => {
    const session = await StreamSession.on(client);
    const staged = await stageAll(client, session, batch, signal);
    const looks = await claim(client, batch, staged, doubtful);
    if (!looks) return earlierCommit(client, batch);
    const merged = new Map<string, TableCounts>();
    for (const one of staged) if (!doubtful.has(one.label)) merged.set(one.label, await placed(one.label, () => writingRows(one.label, () => merge(client, one, batch.commitId, looks.get(one.label) ?? NOTHING_SPECIAL))));
    const run = runOn(client, signal);
    const isolated = await isolateTables(run, staged.filter(({ label }) => doubtful.has(label)).map(incomingOf), {
      doubtful, others: merged.size > 0, rule: STREAM_RULE, commitId: batch.commitId, grains: batch.grains, most: () => MOST_REFUSED, beyond: 'BATCH_TOO_LARGE',
    });
    const settled = await settle(run, staged.filter(({ label }) => looks.get(label)?.lacking === true), batch.commitId);
    for (const [table, counts] of await isolated.finish()) merged.set(table, { table, ...counts });
    const tables = staged.flatMap(({ label }) => merged.get(label) ?? []);
    await finish(client, batch, tables);
    return { tables, wasCommitted: false, noted: settled > 0 || tables.some(({ refused }) => refused > 0) };
  });
}

function incomingOf({ table, label, stage }: Staged): IncomingRows {
  return { table, label, incoming: table.spec.identity.by === 'key' ? winners(table, stage) : stage };
}

/** Says of rows that tables lacked what became of them; gives their number. */
async function settle(run: Run, lacking: readonly Staged[], commitId: string): Promise<number> {
  // Hardly any of the rows that come are among them: to look each of them up would take longer than all else.
  if (lacking.length > 0) await run('set local enable_hashjoin = on');
  let rows = 0;
  for (const { table, label, stage } of lacking) rows += (await placed(label, () => run(settleTouched(table, stage, commitId)))).rowCount ?? 0;
  return rows;
}

/** One message: where the ledger's row fails the commit is not carried out. What is checked at the commit is about the table that Postgres names. */
async function finish(client: PoolClient, batch: StreamBatch, tables: readonly TableCounts[]): Promise<void> {
  try {
    await client.query(`${writeStreamEntry(batch, tables)}; commit`);
  } catch (error) {
    throw mapDestinationError(error, refusingTable(error) ?? 'weir.ledger');
  }
}

/** Begins the transaction and copies the rows of every table. */
async function stageAll(client: PoolClient, session: StreamSession, { tables }: StreamBatch, signal: AbortSignal): Promise<Staged[]> {
  const stages = await session.stagesOf(tables.map(({ table }) => table));
  const staged = tables.map((rows, at) => ({ ...rows, stage: stages[at] ?? '', label: tableLabel(rows.table.spec) }));
  // Locks are taken in this order.
  staged.sort((one, other) => (one.label < other.label ? -1 : 1));
  if (staged.length === 0) await client.query('begin');
  for (const [at, one] of staged.entries()) await placed(one.label, () => copyStaged(client, one, at === 0 ? 'begin; ' : '', signal));
  return staged;
}

async function copyStaged(client: PoolClient, { stage, columns, rows, data, label }: Staged, begin: string, signal: AbortSignal): Promise<void> {
  await copyBytes(client, `${begin}copy ${stage} (${columns.map(quoteIdent).join(', ')}) from stdin (format csv)`, { table: label, data, rows }, signal);
}

/** What must be known of a table before its rows are merged. */
interface Look {
  readonly deletes: boolean;
  readonly graves: boolean;
  /** It lacks rows that it refused. */
  readonly lacking: boolean;
}

const NOTHING_SPECIAL: Look = { deletes: false, graves: false, lacking: false };

/**
 * Moves the positions, then takes the locks of the tables and looks at them, in one message; undefined when a position is elsewhere.
 * Positions first: of two consumers of one partition the second then waits without a lock that the first one needs.
 */
async function claim(client: PoolClient, batch: StreamBatch, staged: readonly Staged[], doubtful: DoubtfulTables): Promise<Map<string, Look> | undefined> {
  const keyed = staged.filter(({ table }) => table.spec.identity.by === 'key');
  const statements = [executeClaim(batch, batch.ranges, batch.commitId), ...keyed.map(({ stage, label }) => execute(stage, 'lock', String(doubtful.has(label)))), ...staged.map(({ stage }) => execute(stage, 'look'))];
  const [moved, ...answers] = await client.query(statements.join('; ')).then((results: QueryResult | QueryResult[]) => (Array.isArray(results) ? results : [results]));
  if (moved?.rowCount !== batch.ranges.length) return undefined;
  const looks = answers.slice(keyed.length);
  return new Map(staged.map((one, at) => [one.label, { deletes: isTrue(answers[keyed.indexOf(one)], 'deletes'), graves: isTrue(looks[at], 'graves'), lacking: isTrue(looks[at], 'lacking') }]));
}

function isTrue(result: QueryResult | undefined, column: string): boolean {
  return (result?.rows[0] as Record<string, unknown> | undefined)?.[column] === true;
}

async function merge(client: PoolClient, { table, stage, label }: Staged, commitId: string, { deletes, graves }: Look): Promise<TableCounts> {
  const commit = quoteLiteral(commitId);
  const written = async (statement: StageStatement): Promise<WrittenRow | undefined> => (await client.query<WrittenRow>(execute(stage, statement, commit))).rows[0];
  if (table.spec.identity.by !== 'key') return countsOf(label, await written('append'), undefined);
  const upserted = await written(graves ? 'upsert_past' : 'upsert');
  if (graves) await client.query(execute(stage, 'raise'));
  const buried = deletes ? await client.query<{ deleted: string }>(execute(stage, 'bury', commit)) : undefined;
  return countsOf(label, upserted, buried?.rows[0]);
}

function countsOf(table: string, written: WrittenRow | undefined, buried: { deleted: string } | undefined): TableCounts {
  return { table, inserted: Number(written?.inserted ?? 0), updated: Number(written?.updated ?? 0), deleted: Number(buried?.deleted ?? 0), refused: 0 };
}

function execute(stage: string, statement: StageStatement, parameter?: string): string {
  return `execute ${stage}_${statement}${parameter === undefined ? '' : ` (${parameter})`}`;
}

async function earlierCommit(client: PoolClient, batch: StreamBatch): Promise<StreamCommit> {
  await client.query('rollback');
  const tables = await readStreamEntry(client, batch);
  if (tables) return { tables, wasCommitted: true, noted: true };
  throw positionMoved(batch, batch.ranges, await readPositions(client, batch));
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
