import { readState } from '@weir/servers';
import { forgetPeak, usageOf, type Usage } from './process-usage';

/** One process during a job. */
export interface ProcessFigures extends Usage {
  readonly name: string;
}

/** One job: wall seconds, and CPU and peak memory of every process that took part. */
export interface JobFigures {
  readonly wall: number;
  readonly processes: readonly ProcessFigures[];
}

/** Does a job and says what it took, and what processes of a platform's home used meanwhile: services and servers by their names. */
export async function measured<T>(home: string, names: readonly string[], job: () => Promise<T>): Promise<{ result: T; figures: JobFigures }> {
  const pids = new Map(readState(home)?.processes.map(({ name, process }) => [name, process?.pid ?? 0]));
  const pidOf = (name: string): number => pids.get(name) ?? 0;
  for (const name of names) forgetPeak(pidOf(name));
  const before = new Map(names.map((name) => [name, usageOf(pidOf(name)).cpu]));
  const started = performance.now();
  const result = await job();
  const wall = (performance.now() - started) / 1000;
  const processes = names.map((name) => {
    const { cpu, peak } = usageOf(pidOf(name));
    return { name, cpu: cpu - (before.get(name) ?? 0), peak };
  });
  return { result, figures: { wall, processes } };
}
