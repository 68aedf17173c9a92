import { createHash } from 'node:crypto';
import { WeirError } from '@weir/core';
import type { Lake } from '@weir/lake';
import { mapPostgresError } from '@weir/platform';
import type pg from 'pg';
import type { QuarantineContext } from './quarantine';
import { INLINE_BYTES } from './rejects';

/** One statement's share: rows, or bytes of what they carry. */
const CHUNK_ROWS = 500;
const CHUNK_BYTES = 2 * 1024 * 1024;

/** A record of a log for quarantine. */
export interface RecordReject {
  /** Topic and partition, such as `clicks:3`. */
  readonly log: string;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestamp: bigint;
  /** Of the dataset. */
  readonly partition: string;
  readonly rules: readonly string[];
  readonly reason: string;
  /** The value as it came: its bytes, or where they lie in the lake; null for a tombstone. */
  readonly original: { readonly bytes: Buffer } | { readonly path: string; readonly length: number } | null;
  readonly key: Buffer | null;
  readonly headers: readonly RecordedHeader[];
}

/** One name may come several times. */
export interface RecordedHeader {
  readonly name: string;
  readonly value: Uint8Array;
}

/**
 * `keep`: a record that is there already stays as it is, so that a batch may be repeated. `judge`: it stays under its name, and the run's contract is the newest that refused it.
 * `claim`: it is listed under the newest run that read it, as rows of files are. In any case it is one row, and keeps its status: the same place of the same log.
 */
export type RecordConflict = 'keep' | 'judge' | 'claim';

export interface RecordOptions {
  readonly conflict: RecordConflict;
  readonly signal: AbortSignal;
  /** Most records that are written. */
  readonly limit?: number;
}

/** Writes records into quarantine, in bounded statements; gives their number. Values above 64 KiB go to the lake first. Throws what the lake and Postgres throw. */
export async function quarantineRecords(client: Pick<pg.ClientBase, 'query'>, lake: Lake, context: QuarantineContext, rejects: AsyncIterable<RecordReject> | Iterable<RecordReject>, { conflict, signal, limit = Number.POSITIVE_INFINITY }: RecordOptions): Promise<number> {
  let chunk: Stored[] = [];
  let bytes = 0;
  let count = 0;
  const write = async (): Promise<void> => {
    if (chunk.length > 0) await insert(client, context, chunk, conflict);
    chunk = [];
    bytes = 0;
  };
  for await (const reject of rejects) {
    if (signal.aborted) throw new WeirError({ code: 'CANCELLED', message: 'Writing the quarantine was cancelled.' });
    const stored = { ...reject, ...(await placeOriginal(lake, context.pipeline, reject.original, signal)), headerJson: headerJson(reject.headers) };
    chunk.push(stored);
    bytes += (stored.inline?.length ?? 0) + (stored.key?.length ?? 0) + (stored.headerJson?.length ?? 0);
    count++;
    if (chunk.length === CHUNK_ROWS || bytes >= CHUNK_BYTES) await write();
    if (count === limit) break;
  }
  await write();
  return count;
}

/** Where an original is kept. */
interface PlacedOriginal {
  readonly inline: Buffer | null;
  readonly path: string | null;
  readonly length: number | null;
}

interface Stored extends RecordReject, PlacedOriginal {
  readonly headerJson: string | null;
}

/** The path follows from the content, so writing it again is writing the same. */
async function placeOriginal(lake: Lake, pipeline: string, original: RecordReject['original'], signal: AbortSignal): Promise<PlacedOriginal> {
  if (!original) return { inline: null, path: null, length: null };
  if ('path' in original) return { inline: null, ...original };
  const { bytes } = original;
  if (bytes.length <= INLINE_BYTES) return { inline: bytes, path: null, length: bytes.length };
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const path = `quarantine/${pipeline}/${sha256.slice(0, 2)}/${sha256}.bin`;
  await lake.putStream(path, [bytes], signal);
  return { inline: null, path, length: bytes.length };
}

/** JSON of the headers by name; a name that comes several times has a list. Bytes that are no text are replaced. */
function headerJson(headers: readonly RecordedHeader[]): string | null {
  if (headers.length === 0) return null;
  const values = new Map<string, string[]>();
  for (const { name, value } of headers) values.set(name, [...(values.get(name) ?? []), Buffer.from(value).toString('utf8')]);
  return JSON.stringify(Object.fromEntries([...values].map(([name, list]) => [name, list.length === 1 ? list[0] : list])));
}

/** The producer's trace. Whatever else the header holds is not passed on: it may be of any length, or no text. */
function traceparentOf(headers: readonly RecordedHeader[]): string | null {
  const value = headers.find(({ name }) => name === 'traceparent')?.value;
  const text = Buffer.from(value ?? []).toString('latin1');
  return /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(text) ? text : null;
}

const INSERT = `insert into quality.quarantined_row (pipeline, run_id, dataset, contract_version, stage, judgement, file, line, record_timestamp, partition, rules, reason, byte_length, original, original_path, key, headers, traceparent)
select $1, $2, $3, $4, $5, $6, r.file, r.line, r.record_timestamp, r.partition, string_to_array(r.rules, E'\\n'), r.reason, r.byte_length, r.original, r.original_path, r.key, r.headers, r.traceparent
from unnest($7::text[], $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::bytea[], $15::text[], $16::bytea[], $17::text[], $18::text[])
  as r (file, line, record_timestamp, partition, rules, reason, byte_length, original, original_path, key, headers, traceparent)
on conflict (pipeline, file, line, record_timestamp, stage) where sha256 is null do`;

const REFUSED = 'judgement = excluded.judgement, contract_version = excluded.contract_version, rules = excluded.rules, reason = excluded.reason';
const ON_CONFLICT: Record<RecordConflict, string> = {
  keep: 'nothing',
  judge: `update set ${REFUSED}`,
  claim: `update set ${REFUSED}, run_id = excluded.run_id, partition = excluded.partition, dataset = excluded.dataset, quarantined_at = now()`,
};

async function insert(client: Pick<pg.ClientBase, 'query'>, context: QuarantineContext, rows: readonly Stored[], conflict: RecordConflict): Promise<void> {
  const columns = [
    rows.map((row) => row.log),
    rows.map((row) => row.offset),
    rows.map((row) => String(row.timestamp)),
    rows.map((row) => row.partition),
    rows.map((row) => row.rules.join('\n')),
    rows.map((row) => row.reason),
    rows.map((row) => row.length),
    rows.map((row) => row.inline),
    rows.map((row) => row.path),
    rows.map((row) => row.key),
    rows.map((row) => row.headerJson),
    rows.map((row) => traceparentOf(row.headers)),
  ];
  await client.query(`${INSERT} ${ON_CONFLICT[conflict]}`, [context.pipeline, context.runId, context.dataset, context.contractVersion, context.stage, context.judgement, ...columns]).catch((error: unknown) => {
    throw mapPostgresError(error);
  });
}
