import { ADMITTED_ROWS, score, VALID_ROWS, verdict, type ContractDataset } from '@weir/core';
import { measureChecks, type Measured } from '@weir/engine';
import { inTransaction, withSpan } from '@weir/platform';
import { withProgress, type Progress, type ReportProgress, type ValidateRequest, type ValidateResponse, type ValidateResult } from '@weir/rpc';
import { closeAccounts, recordAccounts, type PartitionAccounts } from './accounts';
import { BREAKER_SAMPLE_ROWS, tripped } from './breaker';
import { checkFailure } from './check-failure';
import { surroundingsOf } from './check-surroundings';
import type { Dependencies } from './dependencies';
import { refuseFrozen } from './frozen';
import { recordJudgement } from './judgement';
import { measured } from './measured';
import { readRaw, type RawRead } from './read-raw';
import { rawDataset, sourceContract } from './source-contract';
import { requestOf, type StageRequest } from './stage-request';
import { countRules, partitionAccounts } from './tally';
import type { Work } from './work';
import { writeBronze } from './write-bronze';
import { toCheckResult, toVerdict } from './wire';

const STAGE = 'validate';

const LARGE_BYTES = 16 * 1024 * 1024;

/**
 * Raw segments to typed bronze: rows that the contract does not admit go to quarantine, durably before the result; the others are judged
 * as a dataset. Sends progress, then the result; a failed verdict sends its result first and then throws CHECK_FAILED.
 *
 * Throws HEADER_MISMATCH, CONTRACT_FROZEN, FILE_MALFORMED, FILE_TRUNCATED (place = file:line), QUARANTINE_LIMIT, CHECK_FAILED, CANCELLED, SEGMENT_CORRUPT,
 * DECODE_MISMATCH, UNAVAILABLE while a registry does not answer that a log needs, and what the engine, the lake and Postgres throw.
 */
export async function validate(dependencies: Dependencies, request: ValidateRequest, send: (response: ValidateResponse) => Promise<void>, signal: AbortSignal): Promise<void> {
  const stage = requestOf(request.context, request.raw, 'raw');
  const attributes = { 'weir.stage': STAGE, 'weir.pipeline': stage.pipeline, 'weir.run.id': stage.runId };
  await withSpan('quality validate', attributes, (span) =>
    measured(stage.pipeline, async () => {
      const progress = (value: Progress): Promise<void> => send({ event: { $case: 'progress', value } });
      const { result, failure, counted } = await withProgress(progress, (report) => dependencies.gate.run(signal, () => attempt(dependencies, stage, report, signal), { places: placesFor(request.raw?.bytes ?? 0), background: stage.background }));
      const { read = 0, admitted = 0, duplicate = 0, quarantined = 0 } = result.accounts ?? {};
      span.setAttributes({ 'weir.rows.read': read, 'weir.rows.admitted': admitted, 'weir.rows.duplicate': duplicate, 'weir.rows.quarantined': quarantined });
      await send({ event: { $case: 'result', value: result } });
      if (failure) throw failure;
      return { ...result, counted };
    }),
  );
}

interface Judged {
  readonly result: ValidateResult;
  /** CHECK_FAILED when the verdict is failed. */
  readonly failure?: Error | undefined;
  /** Whether the stream of the pipeline has counted the records. */
  readonly counted: boolean;
}

/**
 * A run over much raw data has the service to itself: two of 48 MB at once took 537 MiB, above the 512 MiB that a service is meant to keep within.
 * Days and hours still run side by side.
 */
function placesFor(rawBytes: number): number {
  return rawBytes > LARGE_BYTES ? Number.POSITIVE_INFINITY : 1;
}

async function attempt(dependencies: Dependencies, stage: StageRequest, report: ReportProgress, signal: AbortSignal): Promise<Judged> {
  const definition = await dependencies.definition(stage.pipeline, stage.definitionVersion, signal);
  const raw = rawDataset(await dependencies.lake.readManifest(stage.segments), definition);
  const source = sourceContract(definition);
  const surroundings = await surroundingsOf(dependencies, definition, stage, { datasets: [{ dataset: `bronze.${source.name}`, checks: source.checks, whole: definition.grain === undefined }], staged: [], signal });
  const scratch = await dependencies.lake.scratch(stage.runId, stage.attempt);
  try {
    await scratch.hold([...raw.segments.map(({ path }) => dependencies.lake.absolute(path)), ...surroundings.inputs], signal);
    const work = { ...dependencies, stage, definition, raw, surroundings, dir: scratch.dir, signal };
    return await readRaw(work, report, (read) => admit(work, read, report));
  } finally {
    await scratch.dispose();
  }
}

async function admit(work: Work, read: RawRead, report: ReportProgress): Promise<Judged> {
  const { definition, raw } = work;
  const { engine, plan, files } = read;
  await refuseFrozen(engine, plan, sourceContract(definition), definition.contract.version);
  const partitions = await partitionAccounts(engine, plan, files, raw.partitions.map(({ partition }) => partition));
  const accounts = closeAccounts(partitions);
  const rules = await countRules(engine, plan, files, read.format);
  const limit = tripped(accounts, definition.policy.failAbove, rules);
  report({ step: 'quarantine', done: 0, total: accounts.quarantined });
  await writeQuarantine(work, read, limit ? undefined : partitions);
  if (limit) throw limit;
  report({ step: 'check', done: 0, total: accounts.admitted });
  const counted = definition.mode === 'realtime';
  const source = sourceContract(definition);
  const outcomes = await measureChecks(engine, source.checks, measuredOf(source, work));
  const result = { accounts, checks: outcomes.map(toCheckResult), verdict: toVerdict(verdict(outcomes)), score: score(outcomes), rules };
  if (verdict(outcomes) === 'failed') return { result: { ...result, bronze: undefined }, failure: checkFailure(outcomes, STAGE), counted };
  report({ step: 'write', done: 0, total: accounts.admitted });
  return { result: { ...result, bronze: await writeBronze(work, engine, partitions) }, counted };
}

/** With a tripped breaker only examples are written, and no accounts: the run ends. */
async function writeQuarantine({ pool, stage, definition }: Work, read: RawRead, accounts: readonly PartitionAccounts[] | undefined): Promise<void> {
  const { pipeline, runId, segments } = stage;
  const contractVersion = definition.contract.version;
  await withSpan('write quarantine', {}, (span) =>
    inTransaction(pool, async (client) => {
      const judgement = await recordJudgement(client, { pipeline, runId, contractVersion, raw: segments });
      const context = { pipeline, runId, dataset: definition.source.dataset, contractVersion, stage: STAGE, judgement };
      const written = await read.quarantine(client, context, accounts ? Number.POSITIVE_INFINITY : BREAKER_SAMPLE_ROWS);
      if (accounts) await recordAccounts(client, pipeline, runId, accounts);
      span.setAttribute('weir.rows.quarantined', written);
    }),
  );
}

/** Rows that delete their key are not judged. */
function measuredOf({ name, columns }: ContractDataset, { surroundings }: Work): Measured {
  const dataset = `bronze.${name}`;
  const key = columns.filter(({ keyPosition }) => keyPosition !== undefined).sort((a, b) => (a.keyPosition ?? 0) - (b.keyPosition ?? 0));
  return { dataset, columns, relation: ADMITTED_ROWS, beforeDedupe: VALID_ROWS, key: key.map((column) => column.name), place: '_weir_position', ...surroundings.of(dataset) };
}
