import { parseLogSegment } from '@weir/core';
import type { ManifestDataset } from '@weir/lake';
import { countReplayed, inTransaction, mapPostgresError, withSpan } from '@weir/platform';
import type { ReplayRowsRequest, ReplayRowsResponse } from '@weir/rpc';
import type pg from 'pg';
import type { Dependencies } from './dependencies';
import { LOAD_STAGE } from './note-refused';
import { nameOf } from './scan-files';

interface JudgementRow {
  readonly id: string;
  readonly pipeline: string;
  readonly contract_version: string;
  readonly manifest: string;
  readonly manifest_sha256: string;
}

const NOTHING: ReplayRowsResponse = { replayed: 0, superseded: 0, reopened: 0 };

/**
 * Brings the rows of a run's grains to where the run has put them, which holds only once it has published: the caller says so by calling. What it read and did not refuse is replayed,
 * also where it had been dropped; what it refused is open again where it had been replayed. Where it extracted its source, open rows of files that it did not find are superseded.
 * Rows that a later run has judged are that run's. Repeating it changes nothing; a run that judged nothing gives zeros. Throws SEGMENT_CORRUPT and what Postgres throws.
 */
export async function replayRows({ pool, lake }: Pick<Dependencies, 'pool' | 'lake'>, { runId, extracted }: ReplayRowsRequest): Promise<ReplayRowsResponse> {
  const { rows } = await pool.query<JudgementRow>('select id, pipeline, contract_version, manifest, manifest_sha256 from quality.judgement where run_id = $1', [runId]).catch((error: unknown) => {
    throw mapPostgresError(error);
  });
  const [judgement] = rows;
  if (!judgement) return NOTHING;
  const { pipeline } = judgement;
  return withSpan('quarantine replay rows', { 'weir.pipeline': pipeline, 'weir.run.id': runId }, async (span) => {
    const { datasets } = await lake.readManifest({ manifest: judgement.manifest, sha256: judgement.manifest_sha256 });
    const done = await inTransaction(pool, (client) => settle(client, { judgement, runId, extracted, raw: datasets }));
    span.setAttributes({ 'weir.rows.replayed': done.replayed, 'weir.rows.superseded': done.superseded, 'weir.rows.reopened': done.reopened });
    countReplayed({ pipeline }, done.replayed);
    return done;
  });
}

interface Settling {
  readonly judgement: JudgementRow;
  readonly runId: string;
  readonly extracted: boolean;
  readonly raw: readonly ManifestDataset[];
}

/** One statement changes rows and tells of each; what tables refused only they can take. The parameters from $7 on are those of `which`. */
function change(which: string): string {
  return `with changed as (
    update quality.quarantined_row q set status = $2, status_at = now(), status_by = '', status_why = $3, status_run = $4
    where pipeline = $1 and stage <> '${LOAD_STAGE}' and partition = any ($5::text[]) and ${which} returning id)
  insert into quality.quarantine_event (row_id, status, why, run_id, contract_version) select id, $2, $3, $4, $6 from changed`;
}

const IN_FILES = '(q.file, q.sha256) in (select * from unnest($8::text[], $9::text[]))';
const IN_LOGS = 'q.sha256 is null and exists (select from unnest($8::text[], $9::text[], $10::bigint[], $11::bigint[]) as r (log, partition, first, next) where r.log = q.file and r.partition = q.partition and q.line >= r.first and q.line < r.next)';

async function settle(client: pg.ClientBase, { judgement, runId, extracted, raw }: Settling): Promise<ReplayRowsResponse> {
  const { id, pipeline, contract_version: contract } = judgement;
  const segments = raw.flatMap((dataset) => dataset.segments);
  const grains = [...new Set(raw.flatMap(({ partitions }) => partitions.map(({ partition }) => partition)))];
  const changed = async (status: string, why: string, which: string, values: readonly unknown[]): Promise<number> =>
    (await client.query(change(which), [pipeline, status, why, runId, grains, contract, id, ...values])).rowCount ?? 0;
  const reopened = await changed('open', 'the contract refused it again', `status in ('replayed', 'superseded') and judgement = $7`, []);
  const logs = segments.flatMap((segment) => segment.partitions.flatMap((partition) => placedOf(segment.source, partition)));
  const files = logs.length > 0 ? [] : segments.map((segment) => [nameOf(segment), segment.sha256] as const);
  const placed = logs.length > 0 ? columns(logs, 4) : columns(files, 2);
  const here = logs.length > 0 ? IN_LOGS : IN_FILES;
  const replayed = await changed('replayed', 'the contract admitted it', `status in ('open', 'dropped', 'superseded') and judgement < $7 and ${here}`, placed);
  // A log never changes; what is not in the segments of one is not archived yet.
  const supersedes = extracted && logs.length === 0;
  const superseded = supersedes ? await changed('superseded', 'its file was read again and is another now', `status = 'open' and judgement < $7 and q.sha256 is not null and not ${IN_FILES}`, placed) : 0;
  await client.query('update quality.judgement set settled_at = coalesce(settled_at, now()) where id = $1', [id]);
  return { replayed, superseded, reopened };
}

type LogPlace = readonly [log: string, partition: string, first: number, next: number];

function placedOf(source: string | undefined, partition: string): LogPlace[] {
  const named = parseLogSegment(source ?? '');
  return named ? [[`${named.topic}:${named.partition}`, partition, named.from, named.to]] : [];
}

/** Tuples as one array for each of their places. */
function columns(tuples: readonly (readonly unknown[])[], places: number): unknown[][] {
  return Array.from({ length: places }, (_, n) => tuples.map((tuple) => tuple[n]));
}
