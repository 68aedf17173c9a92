import { WeirError, type Take } from '@weir/core';
import type { Accounts, CheckResult, RowCount, RuleCount, RunError, SegmentSet, StageRecord, StageStatus, Verdict } from '@weir/rpc';
import { rowsOf, type Queryable } from './rows';
import { unknownRun } from './run-row';

/** A row of metadata.stage. */
interface StageRow {
  stage: string;
  attempt: number;
  status: StageStatus;
  started_at: Date;
  milliseconds: number;
  rows_in: number;
  rows_out: number;
  rows_quarantined: number;
  details: RowCount[];
  checks: CheckResult[];
  verdict: Verdict;
  score: number | null;
  error: RunError | null;
  accounts: Accounts | null;
  output: SegmentSet | null;
  rules: RuleCount[];
  take: Take | null;
}

const COLUMNS = [
  'run_id', 'stage', 'attempt', 'status', 'started_at', 'milliseconds', 'rows_in', 'rows_out', 'rows_quarantined',
  'details', 'checks', 'verdict', 'score', 'error', 'accounts', 'output', 'rules', 'take',
];

const UPSERT = `
  insert into metadata.stage (${COLUMNS.join(', ')}) values (${COLUMNS.map((_, index) => `$${index + 1}`).join(', ')})
  on conflict (run_id, stage, attempt) do update set ${COLUMNS.slice(3).map((column) => `${column} = excluded.${column}`).join(', ')}`;

/** In Postgres: a foreign key names what is not there. */
const FOREIGN_KEY_VIOLATION = '23503';

/** Stores a stage attempt, replacing what was stored of the same attempt. Throws RUN_NOT_FOUND, and INVALID_VALUE for a time that is none. */
export async function upsertStage(db: Queryable, runId: string, record: StageRecord): Promise<void> {
  const startedAt = new Date(record.startedAt);
  if (Number.isNaN(startedAt.getTime())) throw new WeirError({ code: 'INVALID_VALUE', message: `started_at of stage ${record.stage} is \`${record.startedAt}\`, which is not an instant.` });
  const values = [
    runId, record.stage, record.attempt, record.status, startedAt, record.milliseconds, record.rowsIn, record.rowsOut, record.rowsQuarantined,
    JSON.stringify(record.details), JSON.stringify(record.checks), record.verdict, record.score, json(record.error), json(record.accounts), json(record.output),
    JSON.stringify(record.rules), json(record.take),
  ];
  await rowsOf(db, UPSERT, values).catch((error: unknown) => {
    const { code } = ((error as Error).cause ?? {}) as { code?: string };
    throw code === FOREIGN_KEY_VIOLATION ? unknownRun(runId) : error;
  });
}

/** The stage attempts of a run in the order they started. */
export async function readStages(db: Queryable, runId: string): Promise<StageRecord[]> {
  const rows = await rowsOf<StageRow>(db, 'select * from metadata.stage where run_id = $1 order by started_at, attempt, stage', [runId]);
  return rows.map((row) => ({
    stage: row.stage,
    attempt: row.attempt,
    status: row.status,
    startedAt: row.started_at.toISOString(),
    milliseconds: row.milliseconds,
    rowsIn: row.rows_in,
    rowsOut: row.rows_out,
    rowsQuarantined: row.rows_quarantined,
    details: row.details,
    checks: row.checks.map(withDetail),
    verdict: row.verdict,
    score: row.score ?? undefined,
    error: row.error ?? undefined,
    accounts: row.accounts ?? undefined,
    output: row.output ?? undefined,
    rules: row.rules,
    take: row.take ?? undefined,
  }));
}

/** Records of before checks had detail have none. */
function withDetail(check: CheckResult | Omit<CheckResult, 'measure' | 'samples'>): CheckResult {
  return { measure: '', samples: [], ...check };
}

function json(value: object | undefined): string | null {
  return value ? JSON.stringify(value) : null;
}
