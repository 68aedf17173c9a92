import Table from 'cli-table3';
import type { DrainRate, StreamFigures } from './measure-stream';

/** The aims: at least the plain consumer's rate, and these latencies at 5,000 records a second. */
const AIM = { rate: 5_000, p50: 40, p99: 100 };
/** Growth a minute below which memory counts as flat, MiB. */
const FLAT = 1;

/** Prints both sides round by round, the ratios, and whether the aims are met. */
export function printStream({ drain, latency, memory, same }: StreamFigures): void {
  const rates = plain(['drained topic', 'records/s', 'CPU']);
  for (const [name, rounds] of Object.entries(drain)) for (const [round, one] of rounds.entries()) rates.push([`${name} ${round + 1}`, Math.round(one.perSecond).toLocaleString('en-US'), busiest(one)]);
  const times = plain(['event → committed row', 'records/s', 'p50 ms', 'p99 ms', 'most ms']);
  for (const [name, list] of Object.entries(latency)) for (const one of list) times.push([name, one.rate.toLocaleString('en-US'), one.p50.toFixed(1), one.p99.toFixed(1), one.most.toFixed(0)]);
  const ratio = best(drain.weir) / best(drain.direct);
  const fast = latency.weir.find(({ rate }) => rate === AIM.rate);
  const lines = [
    rates.toString(),
    times.toString(),
    `rate    ${ratio.toFixed(2)} × the plain consumer, best rounds; aim ≥ 1: ${met(ratio >= 1)}`,
    `latency p50 ${fast?.p50.toFixed(1)} ms, p99 ${fast?.p99.toFixed(1)} ms at ${AIM.rate.toLocaleString('en-US')} records/s; aim ≤ ${AIM.p50} and ${AIM.p99}: ${met(fast !== undefined && fast.p50 <= AIM.p50 && fast.p99 <= AIM.p99)}`,
    ...memory.map(({ name, first, last, perMinute }) => `memory  ${name.padEnd(12)} ${first.toFixed(0)} → ${last.toFixed(0)} MiB, ${perMinute.toFixed(2)} MiB a minute: ${perMinute < FLAT ? 'flat' : 'grows'}`),
    `tables  ${same ? 'the same in both' : 'DIFFERENT: one of the two is wrong'}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function plain(head: string[]): Table.Table {
  return new Table({ head, style: { head: [], border: [] }, chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' } });
}

function best(rounds: readonly DrainRate[]): number {
  return Math.max(...rounds.map(({ perSecond }) => perSecond));
}

function busiest({ cpu }: DrainRate): string {
  const sorted = Object.entries(cpu).sort(([, one], [, other]) => other - one);
  return sorted.slice(0, 5).map(([name, seconds]) => `${name} ${seconds.toFixed(1)} s`).join(', ');
}

function met(is: boolean): string {
  return is ? 'met' : 'missed';
}
