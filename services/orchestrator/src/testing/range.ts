import { IntervalReason, RunStart, type BackfillStatus, type BeginRunRequest, type PlanBackfillRequest, type PlanBackfillResponse, type RecordBackfillRequest } from '@weir/rpc';
import { until } from '@weir/testkit';
import type { Script } from './far-side';
import type { Rig } from './rig';

const DAY_MS = 86_400_000;
const FIRST = Date.parse('2000-01-01T00:00:00Z');

function day(index: number): string {
  return new Date(FIRST + index * DAY_MS).toISOString().replace('.000Z', 'Z');
}

/** A pipeline of so many days on the far side: it plans what has not been published, as metadata does, and counts who is at work. */
export class Range {
  readonly pipeline: string;
  readonly interval: { start: string; end: string };
  /** Starts of the days whose runs published, in order. */
  readonly published: string[] = [];
  /** Starts of the days whose runs began, in order. */
  readonly begun: string[] = [];
  /** Days that are at work now, and the most that ever were. */
  readonly atWork = new Set<string>();
  most = 0;
  private readonly runs = new Map<string, string>();

  constructor(
    private readonly rig: Rig,
    readonly days: number,
    private readonly inSequence = false,
  ) {
    this.pipeline = rig.pipeline();
    this.interval = { start: day(0), end: day(days) };
  }

  /** Answers for the far side; what `more` has comes after them. Runs are as short as they can be. */
  script(more: Script = {}): Script {
    return {
      ...more,
      planBackfill: (request) => Promise.resolve(this.plan(request)),
      beginRun: async (request, turn) => {
        this.begins(request);
        const changed = await more.beginRun?.(request, turn);
        // A delivery finds that the refresh has nothing to do: these tests are about the backfill.
        return { hasIntervalModels: false, hasHistoryModels: request.startAt !== RunStart.DELIVERY, destinations: 0, ...changed };
      },
      publish: async (request, turn) => {
        const changed = await more.publish?.(request, turn);
        this.published.push(this.runs.get(request.runId) ?? '');
        return changed;
      },
      finishRun: (request) => {
        this.atWork.delete(this.runs.get(request.runId) ?? '');
        return Promise.resolve(undefined);
      },
    };
  }

  /** Starts a backfill of the whole range as `temporal workflow start` does. */
  async start(input: object = {}, name = 'all') {
    return this.rig.start({ pipeline: this.pipeline, interval: this.interval, ...input }, 'pipelineBackfill', `backfill/${this.pipeline}/${name}`);
  }

  /** Starts of the days of this range, in order. */
  starts(): string[] {
    return Array.from({ length: this.days }, (_, index) => day(index));
  }

  /** The states that metadata was told, in order. */
  recorded(): NonNullable<RecordBackfillRequest['backfill']>[] {
    return this.rig.far.requests<RecordBackfillRequest>('recordBackfill').flatMap(({ backfill }) => (backfill?.pipeline === this.pipeline ? [backfill] : []));
  }

  /** What metadata shows now. */
  async lastRecord(status: BackfillStatus): Promise<NonNullable<RecordBackfillRequest['backfill']>> {
    return until(() => this.recorded().findLast((record) => record.status === status), { timeoutMs: 10_000, what: `a record of ${status}` });
  }

  private begins({ runId, interval }: BeginRunRequest): void {
    if (!interval || this.runs.has(runId)) return;
    this.runs.set(runId, interval.start);
    this.begun.push(interval.start);
    this.atWork.add(interval.start);
    this.most = Math.max(this.most, this.atWork.size);
  }

  private plan({ order, after, limit }: PlanBackfillRequest): PlanBackfillResponse {
    const done = new Set(this.published);
    const missing = this.starts().filter((start) => !done.has(start));
    const ordered = order === 'BACKFILL_ORDER_NEWEST' ? missing.toReversed() : missing;
    const rest = ordered.filter((start) => after === '' || (order === 'BACKFILL_ORDER_NEWEST' ? start < after : start > after));
    const page = rest.slice(0, limit);
    return {
      counts: [
        { reason: IntervalReason.MISSING, intervals: missing.length },
        { reason: IntervalReason.DONE, intervals: done.size },
      ],
      selected: missing.length,
      intervals: page.map((start) => ({ interval: { start, end: day((Date.parse(start) - FIRST) / DAY_MS + 1) }, reason: IntervalReason.MISSING, detail: '', runId: '' })),
      more: rest.length > page.length,
      definitionVersion: 3,
      inSequence: this.inSequence,
    };
  }
}
