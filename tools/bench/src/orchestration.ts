import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { PlatformState } from '@weir/servers';
import { applyTo, withPlatform } from './bench-platform';
import { measureLiveFirst, QUEUED, type LiveFirst } from './live-first';
import { measureMemory, type ProcessMemory } from './memory-over-runs';
import { spreadOf, type Spread } from './spread';
import { writeTrivialPipeline } from './trivial-pipeline';
import { runHours, startBackfill } from './trivial-runs';

export interface OrchestrationOptions {
  /** Measure on the platform that is up. */
  readonly running: boolean;
  /** Runs over which memory is watched; 0 leaves it out. */
  readonly runs: number;
  readonly say: (text: string) => void;
}

/** What orchestration costs; times in milliseconds. */
export interface Orchestration {
  /** End of a stage to the start of the next one. */
  readonly gap: Spread;
  /** A trivial run, from start to end. */
  readonly run: Spread;
  /** A backfill of `BACKFILLED` trivial intervals, from start to end. */
  readonly backfill: number;
  readonly liveFirst: LiveFirst;
  readonly memory: readonly ProcessMemory[];
}

const WARM_UP = 3;
const SINGLE_RUNS = 20;
/** As the same was measured of others. */
export const BACKFILLED = 24;
const PARALLEL = 8;

// Where the parts of the bench take their hours from, so that none meets the interval of another.
const SINGLE_AT = WARM_UP;
const BACKFILL_AT = SINGLE_AT + SINGLE_RUNS;
const LIVE_AT = BACKFILL_AT + BACKFILLED;
const QUEUED_AT = LIVE_AT + 1;
const MEMORY_AT = QUEUED_AT + QUEUED;

/** Measures single runs, a small backfill, live runs beside a large one and, if wanted, memory over many runs. */
export async function measureOrchestration({ running, runs, say }: OrchestrationOptions): Promise<Orchestration> {
  return withPlatform({ running, say }, async (state, folder) => {
    const pipeline = join(folder, 'trivial');
    say('writing the pipeline');
    writeTrivialPipeline(pipeline, MEMORY_AT + runs);
    await applyTo(state, pipeline);
    return withClient(state, (client) => measure(client, state.home, runs, say));
  });
}

async function measure(client: Client, home: string, runs: number, say: (text: string) => void): Promise<Orchestration> {
  await runHours(client, 0, WARM_UP);
  say(`${SINGLE_RUNS} runs, one after the other`);
  const single = await runHours(client, SINGLE_AT, SINGLE_RUNS);
  say(`a backfill of ${BACKFILLED} intervals`);
  const started = performance.now();
  const small = await startBackfill(client, 'small', BACKFILL_AT, BACKFILLED, PARALLEL);
  await small.result();
  const backfill = performance.now() - started;
  say(`scheduled runs, alone and beside a backfill of ${QUEUED} intervals`);
  const liveFirst = await measureLiveFirst(client, { live: LIVE_AT, backfill: QUEUED_AT });
  const memory = runs > 0 ? await measureMemory(client, home, MEMORY_AT, runs, say) : [];
  return { gap: spreadOf(single.flatMap(({ gaps }) => gaps)), run: spreadOf(single.map(({ total }) => total)), backfill, liveFirst, memory };
}

async function withClient<T>({ temporal, namespace }: PlatformState, body: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: temporal });
  try {
    return await body(new Client({ connection, namespace }));
  } finally {
    await connection.close();
  }
}
