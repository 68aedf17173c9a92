import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { streamTable, tableLabel, type LedgerEntry, type RestatePlan, type StreamTable } from '@weir/connectors';
import { WeirError } from '@weir/core';
import type { Scratch } from '@weir/lake';
import { activeTraceId, withSpan } from '@weir/platform';
import type { TableLoad } from '@weir/rpc';
import { computeOver, enginesIn } from './compute-difference';
import { coveredRanges } from './covered-ranges';
import { located, segmentsOf } from './located-segments';
import { assertKnownTable, copyReport, datasetOf, inTurn, PLANS, spanAttributes, tableLoad, type ReportTable, type TableDependencies, type TableJob } from './table-job';
import { tableSpec } from './table-spec';
import { tellRefused, type TellDependencies } from './tell-refused';
import { bytesOf, type RowDifference, type SegmentDifference } from './write-difference';
import { presentSegment, writeRestatement } from './write-restatement';

/** Restates the records of a run in a table that the stream writes from a topic, when it is its turn. Rows that the table refuses go to quarantine. Throws as `restate` and `tellRefused` do. */
export async function restateTable(deps: TellDependencies, job: TableJob, topic: string, signal: AbortSignal, report: ReportTable): Promise<TableLoad> {
  const spec = tableSpec(job.model, job.schema);
  const label = tableLabel(spec);
  const started = performance.now();
  const entry = await inTurn(deps, job, label, signal, () =>
    withSpan(`load ${label}`, { 'weir.dataset': datasetOf(job.model) }, async (span) => {
      const done = await restate(deps, job, topic, signal, report);
      span.setAttributes(spanAttributes(done));
      return done;
    }),
  );
  await tellRefused(deps, job, [{ ...job, spec }], signal);
  return tableLoad(entry, job.connection, entry.refused > 0 ? await job.destination.refusedCounts([entry.commitId], signal) : [], started);
}

/**
 * Restates the records of a run's interval in a table that the stream writes: what the table has from them becomes what the newest snapshot says of them. Other
 * rows stay unless they are older, and so does whatever came since. Throws what the catalog, the engine and the destination throw, and BUSY when others keep
 * restating the table.
 */
async function restate(deps: TableDependencies, job: TableJob, topic: string, signal: AbortSignal, report: ReportTable): Promise<LedgerEntry> {
  const { context, destination } = job;
  const table = streamTable(tableSpec(job.model, job.schema), job.model.sequence, topic);
  const label = tableLabel(table.spec);
  for (let attempt = 1; attempt <= PLANS; attempt += 1) {
    // Before the snapshot is chosen: a record that the archive got since is not in it, and must not be taken for one that it leaves out.
    const covered = coveredRanges(await deps.catalog.sources({ pipeline: context.pipeline, dataset: datasetOf(job.model), interval: context.interval }, signal), topic);
    const plan = await destination.planRestate(table, context.pipeline, covered, signal);
    // Its answer was lost.
    if (plan.last?.runId === context.runId) return plan.last;
    if (plan.head.snapshot > job.snapshot) await assertKnownTable(deps.catalog, job, { head: plan.head, spec: table.spec }, signal);
    const snapshot = await deps.catalog.target({ pipeline: context.pipeline, definitionVersion: context.definitionVersion, after: Math.max(job.snapshot, plan.head.snapshot) }, signal);
    const entry = await restatePlanned(deps, { ...job, snapshot }, plan, signal, report);
    if (entry) return entry;
  }
  throw new WeirError({ code: 'BUSY', message: `Others restated ${label} ${PLANS} times while this was prepared.`, place: label });
}

/** Undefined when the table's head moved in the meantime. */
async function restatePlanned(deps: TableDependencies, job: TableJob, plan: RestatePlan, signal: AbortSignal, report: ReportTable): Promise<LedgerEntry | undefined> {
  const { context, destination } = job;
  const label = tableLabel(plan.table.spec);
  const scratch = await deps.lake.scratch(context.runId, context.attempt);
  try {
    report(`${label}: present rows`, 0, 0);
    const present = join(scratch.dir, 'present.csv');
    await destination.writePresent(plan, present, signal);
    report(`${label}: winners`, 0, 0);
    const rows = await prepare(deps, job, plan.table, { present, scratch }, signal);
    return await destination.restate({ plan, commitId: randomUUID(), toSnapshot: job.snapshot, runId: context.runId, traceId: activeTraceId() ?? '', ...rows }, { signal, onBytes: copyReport(report, label, bytesOf(rows)), mostRefused: job.mostRefused });
  } finally {
    await scratch.dispose();
  }
}

/** Where the present rows are, and where the engine writes. */
interface Workplace {
  readonly present: string;
  readonly scratch: Scratch;
}

async function prepare(deps: TableDependencies, job: TableJob, { spec }: StreamTable, { present, scratch }: Workplace, signal: AbortSignal): Promise<RowDifference> {
  const { after } = await deps.catalog.difference({ pipeline: job.context.pipeline, dataset: datasetOf(job.model), from: 0, to: job.snapshot }, signal);
  const live = located(deps.lake, after);
  const restated = segmentsOf(live, (partition) => isRestated(job, partition));
  const others = segmentsOf(live, (partition) => !isRestated(job, partition));
  const { dir } = scratch;
  const over = enginesIn(scratch, deps.engine, signal);
  return deps.engineTurns.take('engine', { signal, background: job.context.background }, async () => {
    const segment = await over([], (engine) => presentSegment(engine, spec, present, dir));
    const difference: SegmentDifference = { before: segment ? [segment] : [], after: restated, unchanged: others };
    return computeOver({ over, ranges: deps.keyRanges, dir }, spec, difference, (engine, unchanged) => writeRestatement(engine, spec, job.winner, { ...difference, unchanged }, dir));
  });
}

function isRestated({ context: { interval } }: TableJob, partition: string): boolean {
  return interval === undefined || (partition >= interval.start && partition < interval.end);
}
