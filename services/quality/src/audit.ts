import { quoteIdent, score, verdict, type Check, type CheckOutcome, type Definition, type Model } from '@weir/core';
import { DELETED_COLUMN, PARTITION_COLUMN, segmentRelation, withEngine, type Engine, type RelationSegment } from '@weir/engine';
import type { Lake, ManifestDataset } from '@weir/lake';
import { withSpan } from '@weir/platform';
import { withProgress, type AuditRequest, type AuditResponse, type Progress, type ReportProgress } from '@weir/rpc';
import { checkFailure } from './check-failure';
import type { Dependencies } from './dependencies';
import { keyChecks, sampleKeys } from './key-checks';
import { measureChecks, sampleRows } from './measure-checks';
import { requestOf, type StageRequest } from './stage-request';
import { toCheckResult, toVerdict } from './wire';

const STAGE = 'audit';

export type AuditDependencies = Pick<Dependencies, 'lake' | 'definition' | 'engine' | 'gate'>;

/**
 * Judges staged silver and gold: the contract's checks for each dataset, and for keyed models that the key is present and unique within
 * its partition. Sends progress, then the result; a failed verdict sends its result first and then throws CHECK_FAILED with samples.
 *
 * Throws SEGMENT_CORRUPT, CANCELLED and what the engine throws.
 */
export async function audit(dependencies: AuditDependencies, request: AuditRequest, send: (response: AuditResponse) => Promise<void>, signal: AbortSignal): Promise<void> {
  const stage = requestOf(request.context, request.staged, 'staged');
  const attributes = { 'weir.stage': STAGE, 'weir.pipeline': stage.pipeline, 'weir.run.id': stage.runId };
  await withSpan('quality audit', attributes, async (span) => {
    const progress = (value: Progress): Promise<void> => send({ event: { $case: 'progress', value } });
    const { outcomes, samples } = await withProgress(progress, (report) => dependencies.gate.run(signal, () => attempt(dependencies, stage, report, signal), stage));
    span.setAttributes({ 'weir.checks': outcomes.length, 'weir.checks.failed': outcomes.filter(({ passed }) => !passed).length });
    await send({ event: { $case: 'result', value: { checks: outcomes.map(toCheckResult), verdict: toVerdict(verdict(outcomes)), score: score(outcomes) } } });
    if (verdict(outcomes) === 'failed') throw checkFailure(outcomes, samples, STAGE);
  });
}

interface Audited {
  readonly outcomes: readonly CheckOutcome[];
  readonly samples: readonly string[];
}

async function attempt(dependencies: AuditDependencies, stage: StageRequest, report: ReportProgress, signal: AbortSignal): Promise<Audited> {
  const { lake } = dependencies;
  const definition = await dependencies.definition(stage.pipeline, stage.definitionVersion, signal);
  const { datasets } = await lake.readManifest(stage.segments);
  const inputs = datasets.flatMap(({ segments }) => segments.map(({ path }) => lake.absolute(path)));
  const scratch = await lake.scratch(stage.runId, stage.attempt);
  try {
    return await withEngine({ inputs, staging: scratch.dir, ...dependencies.engine, signal }, (engine) => auditAll(engine, lake, definition, datasets, report));
  } finally {
    await scratch.dispose();
  }
}

async function auditAll(engine: Engine, lake: Lake, definition: Definition, datasets: readonly ManifestDataset[], report: ReportProgress): Promise<Audited> {
  const outcomes: CheckOutcome[] = [];
  const samples: string[] = [];
  for (const [done, staged] of datasets.entries()) {
    report({ step: staged.dataset, done, total: datasets.length });
    const model = definition.models.find(({ zone, name }) => `${zone}.${name}` === staged.dataset);
    if (!model) continue;
    const audited = await auditModel(engine, lake, definition, model, staged);
    outcomes.push(...audited.outcomes);
    samples.push(...audited.samples);
  }
  return { outcomes, samples };
}

async function auditModel(engine: Engine, lake: Lake, definition: Definition, model: Model, staged: ManifestDataset): Promise<Audited> {
  const relation = quoteIdent(`weir_staged_${model.zone}_${model.name}`.slice(0, 63));
  const segments = staged.segments.map(({ path, partitions }) => ({ absolutePath: lake.absolute(path), partitions, whole: true }));
  await engine.run(`create temp view ${relation} as ${livingRows(model, segments)}`, 'view');
  const checks: readonly Check[] = definition.contract.datasets.find(({ name }) => name === model.name)?.checks ?? [];
  const measured = { dataset: staged.dataset, relation, beforeDedupe: relation };
  const outcomes = [...(await measureChecks(engine, checks, measured)), ...(await measureChecks(engine, keyChecks(model), measured))];
  const failed = outcomes.filter((outcome) => !outcome.passed && outcome.severity === 'critical' && outcome.error === undefined);
  const samples: string[] = [];
  for (const { check: id } of failed) {
    const check = checks.find((one) => one.id === id);
    samples.push(...(check ? await sampleRows(engine, check, relation, '_weir_partition') : await sampleKeys(engine, model, id, relation)));
  }
  return { outcomes, samples };
}

/** Rows that delete their key are in row models, where nobody sees them. */
function livingRows({ scope, columns }: Model, segments: readonly RelationSegment[]): string {
  if (scope !== 'row') return `select * from ${segmentRelation(segments, [...columns, PARTITION_COLUMN])}`;
  return `select * exclude (${DELETED_COLUMN.name}) from ${segmentRelation(segments, [...columns, PARTITION_COLUMN, DELETED_COLUMN])} where not ${DELETED_COLUMN.name}`;
}
