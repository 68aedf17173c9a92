import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '@weir/servers';
import type { JOBS } from './jobs';

/** Does one of JOBS in a process of its own, as nice as said, and gives what came of it. */
export async function inProcess<Outcome>(name: keyof typeof JOBS, job: object, niceness = 0): Promise<Outcome> {
  const program = [process.execPath, join(ROOT, 'tools/bench/dist/main.js'), name, JSON.stringify(job)];
  const { stdout } = await promisify(execFile)('nice', ['-n', String(niceness), ...program], { maxBuffer: 1 << 20 });
  return JSON.parse(stdout) as Outcome;
}
