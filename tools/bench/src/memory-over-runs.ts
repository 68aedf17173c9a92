import type { Client } from '@temporalio/client';
import { readState, SERVICES } from '@weir/servers';
import { residentOf } from './process-usage';
import { slopeOf } from './spread';
import { runHour } from './trivial-runs';

const SAMPLE_EVERY = 250;
const PARALLEL = 8;

/** Memory of one process while runs came and went. */
export interface ProcessMemory {
  readonly name: string;
  /** Resident bytes after 0, 250, 500, … runs. */
  readonly resident: readonly number[];
  /** Bytes for each 1,000 runs, by least squares from the second sample on: the first run of everything loads code and fills caches. */
  readonly slope: number;
}

/** Runs hours, eight at a time, and looks at the memory of orchestrator and services every 250. */
export async function measureMemory(client: Client, home: string, from: number, runs: number, say: (text: string) => void): Promise<ProcessMemory[]> {
  const samples = new Map(SERVICES.map((name) => [name, [] as number[]]));
  const look = (): void => {
    for (const { name, process } of readState(home)?.processes ?? []) samples.get(name as (typeof SERVICES)[number])?.push(residentOf(process?.pid ?? 0));
  };
  look();
  for (let done = 0; done < runs; done += SAMPLE_EVERY) {
    await runAll(client, from + done, Math.min(SAMPLE_EVERY, runs - done));
    look();
    say(`${Math.min(done + SAMPLE_EVERY, runs)} of ${runs} runs`);
  }
  return [...samples].map(([name, resident]) => {
    const points = resident.map((bytes, at) => [Math.min(at * SAMPLE_EVERY, runs), bytes] as const);
    return { name, resident, slope: slopeOf(points.slice(1)) * 1_000 };
  });
}

async function runAll(client: Client, from: number, count: number): Promise<void> {
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < from + count) await runHour(client, next++);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}
