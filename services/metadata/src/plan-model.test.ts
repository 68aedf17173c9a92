import { staleParts, type Definition, type Model } from '@weir/core';
import { BackfillOnly, BackfillOrder, IntervalReason, RunKind, RunStart, RunStatus, type PlanBackfillRequest, type PlannedInterval } from '@weir/rpc';
import fc from 'fast-check';
import { beginRun } from './begin-run';
import { finishRun } from './finish-run';
import { planBackfill } from './plan-backfill';
import { publish } from './publish';
import { storeDefinition } from './store-definition';
import { published } from './testing/runs';
import { day, days, definitionOf, openWorkbench, runRequest, stageWide, type Workbench } from './testing/workbench';

/** Days of the little world. */
const DAYS = 6;
const BACKFILLS = ['', 'backfill/world/a', 'backfill/world/b'] as const;

/** How far a run comes: whether it publishes, and how it ends, if it does. */
const FATES = [
  { publishes: true, end: RunStatus.SUCCEEDED },
  { publishes: true, end: RunStatus.DELIVERY_FAILED },
  { publishes: true, end: RunStatus.CANCELLED },
  { publishes: false, end: RunStatus.FAILED },
  { publishes: false, end: RunStatus.CANCELLED },
  { publishes: true, end: undefined },
  { publishes: false, end: undefined },
] as const;

type Step =
  | { readonly do: 'run'; readonly start: number; readonly length: number; readonly fate: number; readonly backfill: number }
  | { readonly do: 'end'; readonly which: number; readonly status: RunStatus }
  | { readonly do: 'deliver'; readonly start: number }
  | { readonly do: 'refresh' }
  | { readonly do: 'apply'; readonly sql: number; readonly description: string }
  | { readonly do: 'upstream'; readonly start: number; readonly length: number };

const start = fc.integer({ min: 0, max: DAYS - 1 });
const length = fc.integer({ min: 1, max: DAYS });
const ends = fc.constantFrom(RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('run' as const), start, length: fc.oneof({ weight: 2, arbitrary: fc.constant(1) }, length), fate: fc.nat(FATES.length - 1), backfill: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(5), status: ends }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deliver' as const), start }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refresh' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('apply' as const), sql: fc.nat(1), description: fc.constantFrom('', 'other') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('upstream' as const), start, length }) },
);

/** A run over days, as it happened. */
interface Happened {
  readonly runId: string;
  readonly first: number;
  readonly last: number;
  readonly backfill: string;
  readonly version: number;
  /** How many upstream runs had published when it began. */
  readonly upstreamSeen: number;
  publishedAt: number | undefined;
  end: RunStatus | undefined;
}

const isOver = (run: Happened, n: number) => run.first <= n && n < run.last;

/** Keeps what happened as a plain list, and answers from that list. */
class World {
  readonly runs: Happened[] = [];
  /** Days of each upstream publish. */
  readonly upstream: { first: number; last: number }[] = [];
  readonly versions: Definition[] = [];
  private publishes = 0;
  private ids = 0;

  constructor(
    private readonly bench: Workbench,
    readonly pipeline: string,
    private readonly byInterval: boolean,
  ) {}

  async open(): Promise<void> {
    await storeDefinition(this.bench.pool, definitionOf(`${this.pipeline}-up`));
    await this.apply(0, '');
  }

  async take(step: Step): Promise<void> {
    const over = 'start' in step ? { first: step.start, last: Math.min(DAYS, step.start + ('length' in step ? step.length : 1)) } : { first: 0, last: 0 };
    if (step.do === 'run') return this.run(over, step.fate, BACKFILLS[step.backfill] ?? '');
    if (step.do === 'apply') return this.apply(step.sql, step.description);
    if (step.do === 'refresh') return void (await published(this.bench, runRequest(this.pipeline, this.nextId(), undefined, RunKind.REFRESH)));
    if (step.do === 'deliver') return this.deliver(days(over.first, over.last));
    if (step.do === 'end') return this.end(step.which, step.status);
    const request = runRequest(`${this.pipeline}-up`, this.nextId(), days(over.first, over.last));
    await published(this.bench, request);
    this.upstream.push(over);
  }

  private nextId(): string {
    this.ids += 1;
    return `${this.pipeline}-${this.ids}`;
  }

  private async apply(sql: number, description: string): Promise<void> {
    const reference = `${this.pipeline}-up.lines`;
    const base = definitionOf(this.pipeline);
    const models = base.models.map((model): Model => (model.name === 'revenue' ? { ...model, inputs: ['bronze.orders', reference], sql: `select ${sql}` } : model));
    const definition = { ...base, description, models, upstream: [{ pipeline: `${this.pipeline}-up`, dataset: 'silver.lines', reference, columns: [], byInterval: this.byInterval }] };
    const { version } = await storeDefinition(this.bench.pool, definition);
    this.versions[version] = definition;
  }

  private async deliver(interval: { start: string; end: string }): Promise<void> {
    const request = { ...runRequest(this.pipeline, this.nextId(), interval), startAt: RunStart.DELIVERY };
    await beginRun(this.bench, request);
    await finishRun(this.bench, { runId: request.runId, status: RunStatus.FAILED, error: undefined });
  }

  private async run({ first, last }: { first: number; last: number }, fate: number, backfill: string): Promise<void> {
    const { publishes, end } = FATES[fate] ?? FATES[0];
    const request = { ...runRequest(this.pipeline, this.nextId(), days(first, last)), backfill };
    const busy = this.runs.some((run) => run.end === undefined && run.first < last && first < run.last);
    if (busy) return expect(beginRun(this.bench, request)).rejects.toMatchObject({ code: 'INTERVAL_BUSY' });
    const { fence, definitionVersion: version } = await beginRun(this.bench, request);
    const run: Happened = { runId: request.runId, first, last, backfill, version, upstreamSeen: this.upstream.length, publishedAt: undefined, end: undefined };
    this.runs.push(run);
    if (publishes) {
      const partitions = Array.from({ length: last - first }, (_, n) => day(first + n));
      await publish(this.bench, { runId: run.runId, fence, staged: [await stageWide(this.bench.lake, this.pipeline, run.runId, partitions)], moves: [] });
      run.publishedAt = this.publishes += 1;
    }
    if (end !== undefined) await this.finish(run, end);
  }

  private async end(which: number, status: RunStatus): Promise<void> {
    const open = this.runs.filter((run) => run.end === undefined);
    const run = open[which % Math.max(1, open.length)];
    // Only what published can succeed.
    if (run) await this.finish(run, status === RunStatus.SUCCEEDED && run.publishedAt === undefined ? RunStatus.FAILED : status);
  }

  private async finish(run: Happened, status: RunStatus): Promise<void> {
    const error = status === RunStatus.FAILED ? { code: `CODE_OF_${run.runId}`, stage: '', place: '', message: '', fix: '', samples: ['\0'] } : undefined;
    await finishRun(this.bench, { runId: run.runId, status, error });
    run.end = status;
  }

  /** Where a day stands, told from the list. */
  standing(n: number, backfill: string, changed: boolean): { reason: IntervalReason; detail: string; runId: string; own: boolean } {
    const over = this.runs.filter((run) => isOver(run, n));
    const counting = over.filter((run) => run.end === undefined || run.publishedAt !== undefined || run.end === RunStatus.FAILED);
    const newest = counting.at(-1);
    const live = over.filter((run) => run.publishedAt !== undefined).sort((a, b) => (a.publishedAt ?? 0) - (b.publishedAt ?? 0)).at(-1);
    const runId = newest?.runId ?? '';
    if (newest && newest.end === undefined) return { reason: IntervalReason.RUNNING, detail: '', runId, own: false };
    if (live && backfill !== '' && live.backfill === backfill && live.version === this.versions.length - 1) return { reason: IntervalReason.DONE, detail: '', runId, own: true };
    if (newest?.end === RunStatus.FAILED && newest.publishedAt === undefined) return { reason: IntervalReason.FAILED, detail: `CODE_OF_${runId}`, runId, own: false };
    if (!live) return { reason: IntervalReason.MISSING, detail: '', runId, own: false };
    const detail = this.changes(n, live, changed).join(', ');
    return { reason: detail === '' ? IntervalReason.DONE : IntervalReason.STALE, detail, runId, own: false };
  }

  private changes(n: number, live: Happened, changed: boolean): string[] {
    const sql = (version: number) => this.versions[version]?.models.find((model) => model.name === 'revenue')?.sql;
    const since = this.upstream.slice(live.upstreamSeen);
    return [
      ...(sql(live.version) === sql(this.versions.length - 1) ? [] : ['model gold.revenue']),
      ...(changed ? ['source data'] : []),
      ...(since.some(({ first, last }) => !this.byInterval || (first <= n && n < last)) ? [`upstream ${this.pipeline}-up.lines`] : []),
    ];
  }
}

interface Question {
  readonly first: number;
  readonly length: number;
  readonly only: BackfillOnly;
  readonly order: BackfillOrder;
  readonly limit: number;
  readonly backfill: number;
  readonly changed: readonly number[];
}

const question: fc.Arbitrary<Question> = fc.record({
  first: start,
  length,
  only: fc.constantFrom(BackfillOnly.MISSING, BackfillOnly.FAILED, BackfillOnly.STALE, BackfillOnly.ALL),
  order: fc.constantFrom(BackfillOrder.OLDEST, BackfillOrder.NEWEST),
  limit: fc.integer({ min: 1, max: 4 }),
  backfill: fc.nat(2),
  changed: fc.uniqueArray(start, { maxLength: 2 }),
});

/** What the plan must say, one day after the other. */
function told(world: World, { first, length, only, order, backfill, changed }: Question) {
  const last = Math.min(DAYS, first + length);
  const all = Array.from({ length: last - first }, (_, at) => ({ n: first + at, ...world.standing(first + at, BACKFILLS[backfill] ?? '', changed.includes(first + at)) }));
  const wanted = { [BackfillOnly.MISSING]: IntervalReason.MISSING, [BackfillOnly.FAILED]: IntervalReason.FAILED, [BackfillOnly.STALE]: IntervalReason.STALE } as Partial<Record<BackfillOnly, IntervalReason>>;
  const taken = all.filter(({ reason, own }) => (only === BackfillOnly.ALL ? reason !== IntervalReason.RUNNING && !own : reason === wanted[only]));
  if (order === BackfillOrder.NEWEST) taken.reverse();
  const reasons = [IntervalReason.MISSING, IntervalReason.FAILED, IntervalReason.STALE, IntervalReason.DONE, IntervalReason.RUNNING];
  return {
    counts: reasons.map((reason) => ({ reason, intervals: all.filter((one) => one.reason === reason).length })).filter(({ intervals }) => intervals > 0),
    intervals: taken.map(({ n, reason, detail, runId }): PlannedInterval => ({ interval: days(n, n + 1), reason, detail, runId })),
  };
}

describe('plans against a list of what happened', () => {
  let bench: Workbench;
  let worlds = 0;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  async function expectPlan(world: World, asked: Question): Promise<void> {
    const { counts, intervals } = told(world, asked);
    const request: PlanBackfillRequest = {
      pipeline: world.pipeline, interval: days(asked.first, Math.min(DAYS, asked.first + asked.length)), only: asked.only, order: asked.order, after: '', limit: asked.limit,
      backfill: BACKFILLS[asked.backfill] ?? '', changedSources: asked.changed.map(day),
    };
    const seen: PlannedInterval[] = [];
    for (let after = ''; ; after = seen.at(-1)?.interval?.start ?? '') {
      const page = await planBackfill(bench, { ...request, after });
      expect(page).toMatchObject({ counts, selected: intervals.length, definitionVersion: world.versions.length - 1 });
      seen.push(...page.intervals);
      expect(page.more).toBe(seen.length < intervals.length);
      if (!page.more) break;
    }
    expect(seen).toEqual(intervals);
    expect(await planBackfill(bench, { ...request, limit: 0 })).toMatchObject({ counts, intervals: [], more: intervals.length > 0 });
  }

  test('every page of every plan says what the list says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), fc.boolean(), fc.array(question, { minLength: 6, maxLength: 6 }), async (steps, byInterval, questions) => {
        worlds += 1;
        const world = new World(bench, `plan-${worlds}`, byInterval);
        await world.open();
        for (const next of steps) await world.take(next);
        for (const asked of questions) await expectPlan(world, asked);
      }),
      { numRuns: Number(process.env['WEIR_MODEL_RUNS'] ?? 25) },
    );
  }, 300_000);

  test('the list judges definitions as core does', () => {
    const base = definitionOf('judged');
    const other = { ...base, models: base.models.map((model) => (model.name === 'revenue' ? { ...model, sql: 'select 1' } : model)) };
    expect(staleParts(base, other)).toEqual(['model gold.revenue']);
    expect(staleParts(base, { ...base, description: 'other' })).toEqual([]);
  });
});
