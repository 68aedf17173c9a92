import Table from 'cli-table3';
import type { Comparison } from './compare';
import type { JobFigures } from './measured-job';

/** The aims of the spine: at most twice the direct script's wall beyond one second, and this much memory for a service. */
const WALL_FACTOR = 2;
const WALL_ALLOWANCE = 1;
const SERVICE_MEMORY = 512 * 1024 * 1024;
const SERVERS = new Set(['postgres', 'temporal']);

/** Prints both jobs process by process, the ratios, and whether the aims are met. */
export function printComparison({ data, read, weir, direct, stages, same }: Comparison): void {
  const table = new Table({ head: ['', 'wall s', 'CPU s', 'peak MiB'], colAligns: ['left', 'right', 'right', 'right'], style: { head: [], border: [] }, chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' } });
  for (const [name, job] of [['weir', weir], ['direct', direct]] as const) {
    table.push([name, job.wall.toFixed(2), cpu(job).toFixed(2), '']);
    for (const one of job.processes) table.push([`  ${one.name}`, '', one.cpu.toFixed(2), mib(one.peak)]);
  }
  const limit = WALL_FACTOR * direct.wall + WALL_ALLOWANCE;
  const largest = weir.processes.filter(({ name }) => !SERVERS.has(name)).reduce((one, other) => (other.peak > one.peak ? other : one));
  const lines = [
    `${read.toLocaleString('en-US')} lines of ${data} retail data`,
    table.toString(),
    `stages ${stages.map(({ stage, seconds }) => `${stage} ${seconds.toFixed(2)} s`).join(', ')}`,
    `wall   ${(weir.wall / direct.wall).toFixed(2)} × the direct script; aim ≤ ${limit.toFixed(2)} s: ${met(weir.wall <= limit)}`,
    `CPU    ${(cpu(weir) / cpu(direct)).toFixed(2)} × the direct script`,
    `memory ${largest.name} peaks at ${mib(largest.peak)} MiB; aim ≤ ${mib(SERVICE_MEMORY)} MiB a service: ${met(largest.peak <= SERVICE_MEMORY)}`,
    `tables ${same ? 'the same in both' : 'DIFFERENT: one of the two is wrong'}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function cpu(job: JobFigures): number {
  return job.processes.reduce((sum, one) => sum + one.cpu, 0);
}

function mib(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}

function met(is: boolean): string {
  return is ? 'met' : 'missed';
}
