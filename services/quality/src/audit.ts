import { qualifiedName, quoteIdent, score, verdict, type CheckOutcome, type Definition, type Model } from '@weir/core';
import { livingRelation, measureChecks, PARTITION_COLUMN, withEngine, type Engine } from '@weir/engine';
import type { Lake, ManifestDataset } from '@weir/lake';
import { withSpan } from '@weir/platform';
import { withProgress, type AuditRequest, type AuditResponse, type Progress, type ReportProgress } from '@weir/rpc';
import { checkFailure } from './check-failure';
import { surroundingsOf, type DatasetChecks, type Staged, type Surroundings } from './check-surroundings';
import type { Dependencies } from './dependencies';
import { keyChecks } from './key-checks';
import { requestOf, type StageRequest } from './stage-request';
import { toCheckResult, toVerdict } from './wire';

const STAGE = 'audit';

export type AuditDependencies = Pick<Dependencies, 'lake' | 'definition' | 'catalog' | 'now' | 'engine' | 'gate'>;

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
    const outcomes = await withProgress(progress, (report) => dependencies.gate.run(signal, () => attempt(dependencies, stage, report, signal), stage));
    span.setAttributes({ 'weir.checks': outcomes.length, 'weir.checks.failed': outcomes.filter(({ passed }) => !passed).length });
    await send({ event: { $case: 'result', value: { checks: outcomes.map(toCheckResult), verdict: toVerdict(verdict(outcomes)), score: score(outcomes) } } });
    if (verdict(outcomes) === 'failed') throw checkFailure(outcomes, STAGE);
  });
}

async function attempt(dependencies: AuditDependencies, stage: StageRequest, report: ReportProgress, signal: AbortSignal): Promise<CheckOutcome[]> {
  const { lake } = dependencies;
  const definition = await dependencies.definition(stage.pipeline, stage.definitionVersion, signal);
  const { datasets } = await lake.readManifest(stage.segments);
  const audited = datasets.flatMap((staged) => auditedOf(staged, definition, lake));
  const surroundings = await surroundingsOf(dependencies, definition, stage, { datasets: audited, staged: audited, signal });
  const inputs = [...audited.flatMap(({ segments }) => segments.map(({ absolutePath }) => absolutePath)), ...surroundings.inputs];
  const scratch = await lake.scratch(stage.runId, stage.attempt);
  try {
    await scratch.hold(inputs, signal);
    return await withEngine({ inputs: [...new Set(inputs)], staging: scratch.dir, ...dependencies.engine, signal }, (engine) => auditAll(engine, audited, surroundings, report));
  } finally {
    await scratch.dispose();
  }
}

/** A staged model and what judges it. */
interface Audited extends DatasetChecks, Staged {
  readonly model: Model;
}

function auditedOf({ dataset, partitions, segments }: ManifestDataset, { models, contract, grain }: Definition, lake: Lake): Audited[] {
  const model = models.find((each) => qualifiedName(each) === dataset);
  if (!model) return [];
  const checks = [...(contract.datasets.find(({ name }) => name === model.name)?.checks ?? []), ...keyChecks(model)];
  const files = segments.map(({ path, partitions: held }) => ({ absolutePath: lake.absolute(path), partitions: held, whole: true }));
  return [{ dataset, model, checks, whole: grain === undefined || model.scope === 'history', partitions: partitions.map(({ partition }) => partition), segments: files }];
}

async function auditAll(engine: Engine, datasets: readonly Audited[], surroundings: Surroundings, report: ReportProgress): Promise<CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  for (const [done, { dataset, model, checks, segments }] of datasets.entries()) {
    report({ step: dataset, done, total: datasets.length });
    const relation = quoteIdent(`weir_staged_${model.zone}_${model.name}`.slice(0, 63));
    await engine.run(`create temp view ${relation} as select * from ${livingRelation(segments, [...model.columns, PARTITION_COLUMN])}`, 'view');
    outcomes.push(...(await measureChecks(engine, checks, { dataset, columns: model.columns, relation, beforeDedupe: relation, key: model.key, place: '_weir_partition', ...surroundings.of(dataset) })));
  }
  return outcomes;
}
