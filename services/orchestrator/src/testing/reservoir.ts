import type { BeginRunRequest, TriedGrain, TryRowsRequest, TryRowsResponse } from '@weir/rpc';
import type { Script } from './far-side';
import type { Rig } from './rig';

const DAY_MS = 86_400_000;
const FIRST = Date.parse('2000-01-01T00:00:00Z');

/** The start of a day of the tests. */
export function dayOf(index: number): string {
  return new Date(FIRST + index * DAY_MS).toISOString().replace('.000Z', 'Z');
}

/** A pipeline with open rows in quarantine on the far side: a day's rows land when a run of it has ended well. */
export class Reservoir {
  readonly pipeline: string;
  /** What a trial would find, by day. */
  readonly grains = new Map<string, TriedGrain>();
  /** Of runs that began, in order. */
  readonly begun: BeginRunRequest[] = [];
  /** Runs at work, and the most that ever were. */
  private readonly atWork = new Map<string, string>();
  most = 0;

  constructor(
    private readonly rig: Rig,
    private readonly mode: 'batch' | 'realtime' = 'batch',
  ) {
    this.pipeline = rig.pipeline();
  }

  /** Puts rows into quarantine. */
  add(day: number, rows: Partial<TriedGrain>): void {
    this.grains.set(dayOf(day), { partition: dayOf(day), open: 1, landing: 0, retryOf: '', marks: [], ...rows });
  }

  /** Answers for the far side; what `more` has comes after them. Runs are as short as they can be. */
  script(more: Script = {}): Script {
    return {
      ...more,
      getDefinition: () => Promise.resolve({ version: 1, definitionJson: JSON.stringify({ name: this.pipeline, source: { type: 'kafka' }, mode: this.mode, grain: '1d' }) }),
      tryRows: (request) => Promise.resolve(this.tried(request)),
      beginRun: async (request, turn) => {
        this.begun.push(request);
        this.atWork.set(request.runId, request.interval?.start ?? '');
        this.most = Math.max(this.most, this.atWork.size);
        const changed = await more.beginRun?.(request, turn);
        return { hasIntervalModels: false, destinations: 0, raw: { manifest: 'm', sha256: 's', rows: 1, bytes: 1 }, ...changed };
      },
      finishRun: (request) => {
        if (request.status === 'RUN_STATUS_SUCCEEDED') this.settle(this.atWork.get(request.runId) ?? '');
        this.atWork.delete(request.runId);
        return Promise.resolve(undefined);
      },
    };
  }

  /** Starts a replay as `temporal workflow start` does. */
  start(input: object = {}) {
    return this.rig.start({ pipeline: this.pipeline, ratePerMinute: 6_000, ...input }, 'quarantineReplay', `replay/${this.pipeline}`);
  }

  private settle(day: string): void {
    const grain = this.grains.get(day);
    if (grain) this.grains.set(day, { ...grain, open: grain.open - grain.landing, landing: 0 });
  }

  private tried({ cursor, grains = 0 }: TryRowsRequest): TryRowsResponse {
    const left = [...this.grains.values()].filter(({ open, partition }) => open > 0 && partition > cursor).sort((a, b) => (a.partition < b.partition ? -1 : 1));
    const page = left.slice(0, grains || undefined);
    return { contractVersion: '2.0.0', grains: page, rules: [], cursor: page.at(-1)?.partition ?? '' };
  }
}
