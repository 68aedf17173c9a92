import Table from 'cli-table3';
import type { CheckFigures, SideFigures } from './compare-checks';

/** The aims: 25 checks over a million rows on two threads. */
const SECONDS = 1;
const MEMORY = 512 * 1024 * 1024;
const AIM_ROWS = 1_000_000;

/** Prints seconds and memory of both sides, the ratio, the ground truth and, for a million rows, whether the aims are met. */
export function printChecks({ rows, checks, wrong, truth }: CheckFigures): void {
  const table = new Table({ head: ['', 'median s', 'slowest s', 'CPU s', 'peak MiB'], colAligns: ['left', 'right', 'right', 'right', 'right'], style: { head: [], border: [] }, chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' } });
  for (const [count, { weir, sql }] of [['10 checks', checks.ten], ['25 checks', checks.all]] as const) table.push([`${count}, weir`, ...cells(weir)], [`${count}, one query`, ...cells(sql)]);
  const { weir, sql } = checks.all;
  const aimed = rows === AIM_ROWS;
  const lines = [
    `${rows.toLocaleString('en-US')} orders as Parquet, two threads, an engine of 512 MB`,
    table.toString(),
    `ratio  ${(checks.ten.weir.seconds.p50 / checks.ten.sql.seconds.p50).toFixed(2)} × the query for ten checks, ${(weir.seconds.p50 / sql.seconds.p50).toFixed(2)} × for 25`,
    ...(aimed ? [`time   ${weir.seconds.p50.toFixed(2)} s for 25 checks, ${weir.cpu.p50.toFixed(2)} s of CPU; aim ≤ ${SECONDS} s: ${met(weir.seconds.p50 <= SECONDS)}`, `memory ${mib(weir.peak)} MiB; aim ≤ ${mib(MEMORY)} MiB: ${met(weir.peak <= MEMORY)}`] : []),
    `truth  ${wrong.length === 0 ? `the ten find what was made: ${Object.entries(truth).map(([name, number]) => `${name} ${number}`).join(', ')}` : `WRONG: ${wrong.join('; ')}`}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function cells({ seconds, cpu, peak }: SideFigures): string[] {
  return [seconds.p50.toFixed(3), seconds.p95.toFixed(3), cpu.p50.toFixed(3), mib(peak)];
}

function mib(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}

function met(is: boolean): string {
  return is ? 'met' : 'missed';
}
