import { randomUUID } from 'node:crypto';
import { tableLabel, type LedgerEntry, type LoadPlan, type PreparedLoad } from '@weir/connectors';
import type { Scratch } from '@weir/lake';
import { activeTraceId, withSpan } from '@weir/platform';
import { computeDifference, enginesIn } from './compute-difference';
import { locatedDifference } from './located-segments';
import { copyReport, datasetOf, type DestinationJob, type LoadedModel, type ReportTable, type TableDependencies } from './table-job';
import { bytesOf, type RowDifference } from './write-difference';

/** A model whose table is behind, and how it gets on. */
export interface PlannedModel extends LoadedModel {
  readonly plan: LoadPlan;
}

/** A load that was prepared, and from where to where. */
interface Kept {
  readonly basis: string;
  readonly load: PreparedLoad;
}

/**
 * The loads of a destination's tables, which go into one transaction. Their files stay until it is over: when it is repeated, or one of the tables moved and was planned anew, those that stand
 * where they stood are not prepared again.
 */
export class PreparedLoads {
  private readonly kept = new Map<string, Kept>();
  private readonly scratches = new Map<string, Scratch>();
  private readonly reports = new Map<string, (bytes: number) => void>();

  constructor(
    private readonly deps: TableDependencies,
    private readonly report: ReportTable,
  ) {}

  /** Prepares the tables one after the other, by their names, while the transaction takes those that are ready. Undefined when one of them moved: nothing was changed then. */
  async deliver(job: DestinationJob, behind: readonly PlannedModel[], signal: AbortSignal): Promise<LedgerEntry[] | undefined> {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    let cause: unknown;
    const end = (error: unknown): void => {
      if (!stop.signal.aborted) cause = error;
      stop.abort();
    };
    const loads = this.prepareAll(job, behind.toSorted((one, other) => (tableLabel(one.plan.spec) < tableLabel(other.plan.spec) ? -1 : 1)), either);
    // What one of them fails of ends the transaction at once.
    for (const load of loads) load.catch(end);
    try {
      return await job.destination.deliver(loads, { signal: either, onBytes: (table, bytes) => this.reports.get(table)?.(bytes), mostRefused: job.mostRefused });
    } catch (error) {
      end(error);
      throw cause;
    } finally {
      // When one moved the others need not be ready. The engine has their folders until it has ended.
      stop.abort();
      await Promise.allSettled(loads);
    }
  }

  /** Removes all files. */
  async dispose(): Promise<void> {
    await Promise.all([...this.scratches.values()].map((scratch) => scratch.dispose()));
  }

  private prepareAll(job: DestinationJob, behind: readonly PlannedModel[], signal: AbortSignal): Promise<PreparedLoad>[] {
    let previous: Promise<unknown> = Promise.resolve();
    return behind.map((planned) => {
      const load = previous.then(() => this.keep(job, planned, signal));
      previous = load;
      return load;
    });
  }

  private async keep(job: DestinationJob, planned: PlannedModel, signal: AbortSignal): Promise<PreparedLoad> {
    const { plan } = planned;
    const label = tableLabel(plan.spec);
    const basis = JSON.stringify([plan, job.snapshot]);
    const known = this.kept.get(label);
    if (known?.basis === basis) return known.load;
    await this.scratches.get(label)?.dispose();
    const scratch = await this.deps.lake.scratch(job.context.runId, job.context.attempt);
    this.scratches.set(label, scratch);
    this.report(`${label}: difference`, 0, 0);
    const difference = await withSpan(`load ${label}`, { 'weir.dataset': datasetOf(planned.model), 'weir.snapshot.from': plan.fromSnapshot, 'weir.snapshot.to': job.snapshot }, async (span) => {
      const rows = await this.prepare(job, planned, scratch, signal);
      span.setAttributes({ 'weir.rows.out': rows.upserts.rows, 'weir.rows.deleted': rows.deletes.rows });
      return rows;
    });
    this.reports.set(label, copyReport(this.report, label, bytesOf(difference)));
    const load = { plan, commitId: randomUUID(), toSnapshot: job.snapshot, runId: job.context.runId, traceId: activeTraceId() ?? '', ...difference };
    this.kept.set(label, { basis, load });
    return load;
  }

  private async prepare({ context, snapshot }: DestinationJob, { model, winner, plan }: PlannedModel, scratch: Scratch, signal: AbortSignal): Promise<RowDifference> {
    const { catalog, lake, engine, engineTurns, keyRanges } = this.deps;
    const found = await catalog.difference({ pipeline: context.pipeline, dataset: datasetOf(model), from: plan.fromSnapshot, to: snapshot }, signal);
    const difference = { ...locatedDifference(lake, found), refused: plan.refused };
    return engineTurns.take('engine', { signal, background: context.background }, () => computeDifference({ over: enginesIn(scratch, engine, signal), ranges: keyRanges, dir: scratch.dir }, plan.spec, winner, difference));
  }
}
