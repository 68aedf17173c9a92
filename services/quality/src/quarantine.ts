import { createReadStream } from 'node:fs';
import { WeirError } from '@weir/core';
import type { Lake } from '@weir/lake';
import type pg from 'pg';
import type { Reject } from './rejects';

/** A batch is written when it has this many rows or bytes of originals. */
const BATCH_ROWS = 500;
const BATCH_BYTES = 2 * 1024 * 1024;

/** What all rows of one run have in common. */
export interface QuarantineContext {
  readonly pipeline: string;
  readonly runId: string;
  readonly dataset: string;
  readonly contractVersion: string;
  readonly stage: string;
  /** Number of the judgement that refuses them; '0' for a micro-batch, which is none. */
  readonly judgement: string;
}

/**
 * Writes rows into quarantine on an open transaction, in bounded batches; gives their number. A row that is there already (the same place in
 * the same file) is brought up to date, also by another contract, and keeps its status. Originals above 64 KiB go to the lake first.
 */
export async function quarantine(client: pg.ClientBase, lake: Lake, context: QuarantineContext, rows: AsyncIterable<Reject>, signal: AbortSignal, limit = Number.POSITIVE_INFINITY): Promise<number> {
  let batch: Stored[] = [];
  let bytes = 0;
  let count = 0;
  for await (const row of rows) {
    if (signal.aborted) throw new WeirError({ code: 'CANCELLED', message: 'Writing the quarantine was cancelled.' });
    batch.push({ ...row, path: row.original ? null : await setAside(lake, context.pipeline, row, signal) });
    bytes += row.original?.length ?? 0;
    count++;
    if (batch.length === BATCH_ROWS || bytes >= BATCH_BYTES) {
      await insert(client, context, batch);
      batch = [];
      bytes = 0;
    }
    if (count === limit) break;
  }
  if (batch.length > 0) await insert(client, context, batch);
  return count;
}

interface Stored extends Reject {
  /** Of the original in the lake. */
  readonly path: string | null;
}

/** The path follows from the content, so writing it again is writing the same. */
async function setAside(lake: Lake, pipeline: string, { source, offset, length }: Reject, signal: AbortSignal): Promise<string> {
  const path = `quarantine/${pipeline}/${source.sha256.slice(0, 2)}/${source.sha256}-${offset}-${length}.bin`;
  await lake.putStream(path, createReadStream(source.path, { start: offset, end: offset + length - 1 }) as AsyncIterable<Buffer>, signal);
  return path;
}

const INSERT = `insert into quality.quarantined_row (pipeline, run_id, dataset, contract_version, stage, judgement, file, sha256, partition, byte_offset, byte_length, line, rules, reason, original, original_path)
select $1, $2, $3, $4, $5, $6, r.file, r.sha256, r.partition, r.byte_offset, r.byte_length, r.line, string_to_array(r.rules, E'\\n'), r.reason, r.original, r.original_path
from unnest($7::text[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::text[], $15::bytea[], $16::text[])
  as r (file, sha256, partition, byte_offset, byte_length, line, rules, reason, original, original_path)
on conflict (pipeline, file, sha256, byte_offset, stage) do update set
  run_id = excluded.run_id, judgement = excluded.judgement, contract_version = excluded.contract_version, partition = excluded.partition, dataset = excluded.dataset, rules = excluded.rules, reason = excluded.reason, quarantined_at = now()`;

async function insert(client: pg.ClientBase, context: QuarantineContext, rows: readonly Stored[]): Promise<void> {
  await client.query(INSERT, [
    context.pipeline,
    context.runId,
    context.dataset,
    context.contractVersion,
    context.stage,
    context.judgement,
    rows.map((row) => row.source.name),
    rows.map((row) => row.source.sha256),
    rows.map((row) => row.source.partition),
    rows.map((row) => row.offset),
    rows.map((row) => row.length),
    rows.map((row) => row.line),
    rows.map((row) => row.rules.join('\n')),
    rows.map((row) => row.reason),
    rows.map((row) => row.original ?? null),
    rows.map((row) => row.path),
  ]);
}
