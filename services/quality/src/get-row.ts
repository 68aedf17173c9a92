import { toWeirError, WeirError, type Definition } from '@weir/core';
import type { Lake } from '@weir/lake';
import { mapPostgresError } from '@weir/platform';
import type { GetRowRequest, GetRowResponse, RowEvent } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { toWire, type StoredRow } from './list-rows';
import { ruleText } from './rule-text';

const DEFAULT_LIMIT = 4 * 1024;
/** With key and headers it fits a message of 4 MiB. */
const MAX_LIMIT = 3 * 1024 * 1024;
/** A row comes to another state a few times in its life. */
const MAX_EVENTS = 200;

const EVENTS = `select at, status, changed_by, why, run_id, contract_version from (
  select * from quality.quarantine_event where row_id = $1 order by at desc limit ${MAX_EVENTS}) as newest order by at`;

interface EventRow {
  readonly at: Date;
  readonly status: string;
  readonly changed_by: string;
  readonly why: string;
  readonly run_id: string;
  readonly contract_version: string;
}

/** One row of the quarantine with the first bytes of its original, what the newest contract says of its rules, and what became of it. Throws ROW_NOT_FOUND, UNAVAILABLE. */
export async function getRow({ pool, lake, catalog }: Pick<Dependencies, 'pool' | 'lake' | 'catalog'>, request: GetRowRequest, signal: AbortSignal): Promise<GetRowResponse> {
  const limit = Math.min(Math.max(request.limit || DEFAULT_LIMIT, 1), MAX_LIMIT);
  const { rows } = await pool.query<StoredRow & { readonly pipeline: string }>('select * from quality.quarantined_row where id = $1', [request.id]).catch(mapped);
  const [row] = rows;
  if (!row) throw new WeirError({ code: 'ROW_NOT_FOUND', message: `There is no row ${request.id} in quarantine.` });
  const events = await pool.query<EventRow>(EVENTS, [request.id]).catch(mapped);
  const definition = await newest(catalog, row.pipeline, signal);
  return {
    row: { ...toWire(row), original: Buffer.alloc(0) },
    pipeline: row.pipeline,
    original: await originalOf(row, lake, limit),
    events: events.rows.map(eventOf),
    rules: row.rules.map((rule) => ({ rule, text: ruleText(rule, definition, row.dataset) })),
  };
}

/** Undefined where the pipeline is not applied any more; its rows are still there. */
async function newest(catalog: Dependencies['catalog'], pipeline: string, signal: AbortSignal): Promise<Definition | undefined> {
  return catalog.newest(pipeline, signal).catch((error: unknown) => {
    if (toWeirError(error).code !== 'PIPELINE_NOT_FOUND') throw error;
    return undefined;
  });
}

async function originalOf({ original, original_path: path, byte_length: length }: StoredRow, lake: Lake, limit: number): Promise<Buffer | undefined> {
  if (original) return original.subarray(0, limit);
  if (path === null) return undefined;
  return lake.read(path, Math.min(limit, Number(length)));
}

function eventOf({ at, status, changed_by: by, why, run_id: runId, contract_version: contractVersion }: EventRow): RowEvent {
  return { at: at.toISOString(), status, by, why, runId, contractVersion };
}

function mapped(error: unknown): never {
  throw mapPostgresError(error);
}
