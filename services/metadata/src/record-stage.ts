import { WeirError } from '@weir/core';
import { inTransaction } from '@weir/platform';
import { StageStatus, Verdict, type Accounts, type RecordStageRequest, type RecordStageResponse, type StageRecord } from '@weir/rpc';
import type pg from 'pg';
import type { Dependencies } from './dependencies';
import { rowsOf } from './rows';
import { lockRun } from './run-row';
import { readStages, upsertStage } from './stage-row';

/** Stores one stage attempt, replacing an earlier record of the same attempt, and brings the run's accounts, verdict and score up to date. Throws RUN_NOT_FOUND and INVALID_VALUE. */
export async function recordStage({ pool }: Pick<Dependencies, 'pool'>, { runId, stage }: RecordStageRequest): Promise<RecordStageResponse> {
  const record = assertRecord(stage);
  if (judgesNothing(record)) await upsertStage(pool, runId, record);
  else await recordJudgement(pool, runId, record);
  return {};
}

/** A first attempt that counted and checked nothing leaves the summary as it was: one statement is enough for most stages of most runs. */
function judgesNothing({ attempt, accounts, checks, verdict }: StageRecord): boolean {
  return attempt === 1 && !accounts && checks.length === 0 && verdict === Verdict.UNSPECIFIED;
}

async function recordJudgement(pool: pg.Pool, runId: string, record: StageRecord): Promise<void> {
  await inTransaction(pool, async (client) => {
    await lockRun(client, runId);
    await upsertStage(client, runId, record);
    const { accounts, verdict, score } = summarise(await readStages(client, runId));
    const values = [runId, accounts ? JSON.stringify(accounts) : null, verdict, score];
    await rowsOf(client, 'update metadata.run set accounts = $2, verdict = $3, score = $4 where run_id = $1', values);
  });
}

function assertRecord(stage: StageRecord | undefined): StageRecord {
  if (!stage || stage.stage === '' || stage.attempt < 1 || stage.status === StageStatus.UNSPECIFIED) {
    throw new WeirError({ code: 'INVALID_VALUE', message: 'A stage record needs a stage, an attempt from 1 and a status.' });
  }
  return stage;
}

/** Best first. */
const VERDICTS: readonly Verdict[] = [Verdict.UNSPECIFIED, Verdict.PASSED, Verdict.WARNING, Verdict.FAILED];

export interface RunSummary {
  readonly accounts: Accounts | undefined;
  /** The worst of the stages. */
  readonly verdict: Verdict;
  /** Percent of all checks that passed; undefined without checks. */
  readonly score: number | undefined;
}

/** What the latest attempts of a run's stages say together. */
export function summarise(records: readonly StageRecord[]): RunSummary {
  const latest = new Map<string, StageRecord>();
  for (const record of records) {
    const other = latest.get(record.stage);
    if (!other || record.attempt > other.attempt) latest.set(record.stage, record);
  }
  const stages = [...latest.values()];
  const checks = stages.flatMap((stage) => stage.checks);
  const worst = Math.max(0, ...stages.map((stage) => VERDICTS.indexOf(stage.verdict)));
  return {
    accounts: stages.find((stage) => stage.accounts)?.accounts,
    verdict: VERDICTS[worst] ?? Verdict.UNSPECIFIED,
    score: checks.length > 0 ? (checks.filter((check) => check.passed).length / checks.length) * 100 : undefined,
  };
}
