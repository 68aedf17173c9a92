import { isWeirError } from '@weir/core';
import { RunStart, RunStatus, type BeginRunRequest } from '@weir/rpc';
import fc from 'fast-check';
import { finishRun } from './finish-run';
import { recordStage } from './record-stage';
import { stageRecord } from './testing/runs';
import { beginTurn, hashOf, publishTurn, takesOf, TRACKED, type OpenTurn } from './testing/turns';
import { day, days, givenPipeline, openWorkbench, runRequest, type Workbench } from './testing/workbench';

const DAYS = 10;
const NAMES = ['a', 'b', 'c', 'd'];

type Step =
  /** A file comes, or gets other content. */
  | { readonly do: 'write'; readonly name: string }
  | { readonly do: 'run'; readonly at: number; readonly most: number }
  /** Runs of several days begin at once; whoever begins publishes. */
  | { readonly do: 'race'; readonly at: readonly number[] }
  /** The run ends between its extract and its publish; `retry`: another goes on with what it had extracted, after files have changed. */
  | { readonly do: 'crash'; readonly at: number; readonly retry: boolean; readonly between: readonly string[] };

const at = fc.integer({ min: 0, max: DAYS - 1 });
const name = fc.constantFrom(...NAMES);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), name }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('run' as const), at, most: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('race' as const), at: fc.array(at, { minLength: 2, maxLength: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const), at, retry: fc.boolean(), between: fc.array(name, { maxLength: 2 }) }) },
);

/** The catalog, and what it must say as plainly as possible: versions that were taken, by day. */
class World {
  readonly taken = new Map<number, readonly string[]>();
  private readonly folder = new Map<string, string>();
  /** Every version that a file has had, and which of them somebody could have seen last. */
  private readonly versions = new Map<string, number>();
  private readonly lastTaken = new Map<string, string>();
  private runs = 0;

  constructor(
    private readonly bench: Workbench,
    readonly pipeline: string,
  ) {}

  async take(one: Step): Promise<void> {
    switch (one.do) {
      case 'write':
        return this.write(one.name);
      case 'run':
        return this.run(one.at, one.most);
      case 'race':
        return this.race(one.at);
      case 'crash':
        return this.crash(one);
    }
  }

  private write(of: string): void {
    const version = (this.versions.get(of) ?? 0) + 1;
    this.versions.set(of, version);
    this.folder.set(of, `${of} version ${version}`);
  }

  private async run(on: number, most: number): Promise<void> {
    const expected = this.expected(on, most);
    const begun = await this.begin(on, most);
    if (typeof begun === 'string') return expect([begun, expected]).toEqual(['NOT_ADDRESSABLE', undefined]);
    await publishTurn(this.bench, begun);
    this.took(on, expected ?? []);
  }

  private async race(on: readonly number[]): Promise<void> {
    const before = new Map(on.map((one) => [one, this.expected(one, Infinity)]));
    const outcomes = await Promise.all(on.map(async (one) => [one, await this.begin(one, Infinity)] as const));
    const begun = outcomes.flatMap(([one, open]) => (typeof open === 'string' ? [] : [[one, open] as const]));
    const takers = begun.filter(([one]) => !this.taken.has(one));
    // Of those that would take something one begins, whichever it is; an interval that was taken has one holder, too.
    expect(takers).toHaveLength(on.some((one) => !this.taken.has(one) && before.get(one) !== undefined) ? 1 : 0);
    expect(new Set(begun.map(([one]) => one)).size).toBe(begun.length);
    for (const [one, open] of begun) {
      await publishTurn(this.bench, open);
      this.took(one, before.get(one) ?? []);
    }
  }

  private async crash({ at: on, retry, between }: Extract<Step, { do: 'crash' }>): Promise<void> {
    const expected = this.expected(on, Infinity);
    const open = await this.begin(on, Infinity);
    if (typeof open === 'string') return expect([open, expected]).toEqual(['NOT_ADDRESSABLE', undefined]);
    const { runId } = open.request;
    await recordStage(this.bench, { runId, stage: stageRecord('extract', { output: open.staged[0] }) });
    await finishRun(this.bench, { runId, status: RunStatus.FAILED, error: undefined });
    for (const of of between) this.write(of);
    if (!retry) return;
    const again = await this.begin(on, Infinity, { startAt: RunStart.RAW, retryOf: runId });
    if (typeof again === 'string') throw new Error(`A retry of ${runId} ended with ${again}.`);
    await publishTurn(this.bench, again);
    this.took(on, expected ?? []);
  }

  /** The open run, or the code it was refused with. */
  private async begin(on: number, most: number, changes: Partial<BeginRunRequest> = {}): Promise<OpenTurn | string> {
    this.runs += 1;
    const request = { ...runRequest(this.pipeline, `${this.pipeline}-${this.runs}`, days(on, on + 1)), ...changes };
    return beginTurn(this.bench, request, this.folder, most).catch((error: unknown) => {
      if (isWeirError(error)) return error.code;
      throw error;
    });
  }

  /** What a run of a day is to publish; undefined where it cannot be run. */
  private expected(on: number, most: number): readonly string[] | undefined {
    const known = this.taken.get(on);
    if (known) return known;
    if (on < Math.max(-1, ...this.taken.keys())) return undefined;
    const fresh = [...this.folder.values()].filter((content) => this.lastTaken.get(content.slice(0, 1)) !== content);
    return fresh.sort((one, other) => (one < other ? -1 : 1)).slice(0, most);
  }

  private took(on: number, contents: readonly string[]): void {
    if (this.taken.has(on)) return;
    this.taken.set(on, contents);
    for (const content of contents) this.lastTaken.set(content.slice(0, 1), content);
  }

  async check(): Promise<void> {
    const { files, takes, last } = await takesOf(this.bench, { pipeline: this.pipeline, interval: days(0, DAYS) });
    const contents = [...this.taken].sort(([one], [other]) => one - other).flatMap(([on, all]) => all.map((content) => [day(on), hashOf(content)]));
    expect(files.map(({ partition, sha256 }) => [partition, sha256])).toEqual(contents);
    expect(new Set(files.map(({ sha256 }) => sha256)).size).toBe(files.length);
    expect(takes.map(({ partition }) => partition)).toEqual([...this.taken.keys()].sort((one, other) => one - other).map(day));
    expect(last?.to ?? '').toBe(contents.length > 0 ? String(contents.length) : '');
    const { rows } = await this.bench.pool.query<{ partition: string; sha256: string }>(LIVE, [this.pipeline]);
    expect(rows.map(({ partition, sha256 }) => [partition, sha256])).toEqual(contents);
  }
}

/** What raw has, read without the code under test. */
const LIVE = `
  select v.partition, s.sha256 from metadata.partition_version v
  join metadata.dataset d on d.id = v.dataset_id and d.pipeline = $1 and d.name = 'raw.orders'
  cross join lateral unnest(v.segments) with ordinality as o (ordinal, place)
  join metadata.segment s on s.dataset_id = d.id and s.snapshot = v.from_snapshot and s.ordinal = o.ordinal
  where v.to_snapshot is null order by v.partition, o.place`;

describe('a source that is read in sequence', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  test('has every version of every file in exactly one interval, whatever is run, raced, retried or dies', async () => {
    let worlds = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        worlds += 1;
        const world = new World(bench, await givenPipeline(bench.pool, `world-${worlds}`, TRACKED));
        for (const one of steps) await world.take(one);
        await world.check();
      }),
      { numRuns: Number(process.env['WEIR_MODEL_RUNS'] ?? 25) },
    );
  }, 300_000);
});
