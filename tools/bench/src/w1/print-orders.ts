import Table from 'cli-table3';
import type { ProcessFigures } from '../measured-job';
import { aimsOf, growthOf, mebibytes, type Aim } from './aims';
import type { OrdersFigures } from './compare-orders';
import { RUNS, type SizeFigures, type StageFigures } from './figures';

const WORDS = { first: 'empty tables', again: 'again', changed: '1 % changed' };

/** Prints for each size the systems beside the direct script, processes, stages and aims; then growth and who is absent. */
export function printOrders({ sizes, absent }: OrdersFigures): void {
  const lines = [...sizes.flatMap(sizeLines), ...growthOf(sizes).map(aimLine), ...absent.map(({ name, reason }) => `absent  ${name}: ${reason}`)];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function sizeLines(size: SizeFigures): string[] {
  const { truth, runs } = size;
  return [
    '',
    `${truth.rows.toLocaleString('en-US')} orders, ${truth.unique.toLocaleString('en-US')} of them different; tables, accounts and checks of all as the file was made`,
    systems(size).toString(),
    processes(size).toString(),
    ...RUNS.map((run) => `${WORDS[run].padEnd(13)} ${runs[run].weir.stages.map(stageText).join(', ')}`),
    ...aimsOf(size).map(aimLine),
  ];
}

function systems({ runs, peers }: SizeFigures): Table.Table {
  const table = plain(['wall s, and × direct', ...RUNS.map((run) => WORDS[run])]);
  const cell = (seconds: number, direct: number): string => `${seconds.toFixed(2)}  ${(seconds / direct).toFixed(2)}`;
  table.push(['weir', ...RUNS.map((run) => cell(runs[run].weir.wall, runs[run].direct.wall))]);
  table.push(['direct', ...RUNS.map((run) => cell(runs[run].direct.wall, runs[run].direct.wall))]);
  for (const { name, wall } of peers) table.push([name, cell(wall, runs.first.direct.wall), '', '']);
  return table;
}

function processes({ runs, peaks }: SizeFigures): Table.Table {
  const table = plain(['CPU s', ...RUNS.map((run) => WORDS[run]), 'peak MiB']);
  for (const system of ['weir', 'direct'] as const) {
    table.push([system, ...RUNS.map((run) => runs[run][system].processes.reduce((sum, { cpu }) => sum + cpu, 0).toFixed(2)), '']);
    for (const { name } of runs.first[system].processes) table.push([`  ${name}`, ...RUNS.map((run) => cpuOf(runs[run][system].processes, name)), mebibytes(peaks[system][name] ?? 0)]);
  }
  return table;
}

function cpuOf(all: readonly ProcessFigures[], wanted: string): string {
  return (all.find(({ name }) => name === wanted)?.cpu ?? 0).toFixed(2);
}

function stageText({ stage, seconds, parts }: StageFigures): string {
  const shown = parts.filter((part) => part.seconds >= 0.01).map((part) => `${part.name} ${part.seconds.toFixed(2)}`);
  return `${stage} ${seconds.toFixed(2)} s${shown.length === 0 ? '' : ` (${shown.join(', ')})`}`;
}

function aimLine({ aim, measured, met }: Aim): string {
  return `aim     ${aim}: ${measured}: ${met ? 'met' : 'missed'}`;
}

function plain(head: string[]): Table.Table {
  return new Table({ head, colAligns: ['left', ...head.slice(1).map(() => 'right' as const)], style: { head: [], border: [] }, chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' } });
}
