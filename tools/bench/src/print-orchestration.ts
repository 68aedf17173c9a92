import Table from 'cli-table3';
import { BACKFILLED, type Orchestration } from './orchestration';
import { QUEUED } from './live-first';
import type { Spread } from './spread';

/** The aims, milliseconds. */
const GAP = 50;
const RUN = 1_000;
const BACKFILL = 6_000;
const LIVE_FACTOR = 2;
const PAUSE = 60_000;

/** Airflow 3.3.2 on such a machine, as the issue of this bench states it. */
const AIRFLOW = { gap: '0.98 s', run: '3.3 to 4.0 s', backfill: '24.6 s' };

/** Prints the figures, the aims, and what another orchestrator takes. */
export function printOrchestration({ gap, run, backfill, liveFirst, memory }: Orchestration): void {
  const table = new Table({ head: ['', 'p50', 'p95', 'aim', '', 'Airflow 3.3.2'], colAligns: ['left', 'right', 'right', 'right', 'left', 'right'], style: { head: [], border: [] }, chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' } });
  const { idle, during, longestPause, ended } = liveFirst;
  table.push(
    ['stage end to next stage start', ...shown(gap), `p50 ≤ ${GAP} ms`, met(gap.p50 <= GAP), AIRFLOW.gap],
    ['a trivial run', ...shown(run), `p50 ≤ ${RUN} ms`, met(run.p50 <= RUN), AIRFLOW.run],
    [`a backfill of ${BACKFILLED} intervals`, ms(backfill), '', `≤ ${BACKFILL} ms`, met(backfill <= BACKFILL), AIRFLOW.backfill],
    ['start of a scheduled run, alone', ...shown(idle), '', '', ''],
    [`the same with ${QUEUED} intervals queued`, ...shown(during), `p50 ≤ ${LIVE_FACTOR} × alone`, met(during.p50 <= LIVE_FACTOR * idle.p50), ''],
    ['longest pause of that backfill', ms(longestPause), '', `≤ ${PAUSE} ms`, met(longestPause <= PAUSE), `${ended} intervals ended`],
  );
  const lines = [table.toString(), ...memory.map(({ name, resident, slope }) => `memory ${name.padEnd(12)} ${resident.map(mib).join(' → ')} MiB, ${(slope / 1024 / 1024).toFixed(1)} MiB per 1,000 runs`)];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function shown({ p50, p95 }: Spread): [string, string] {
  return [ms(p50), ms(p95)];
}

function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(0)} ms`;
}

function mib(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}

function met(is: boolean): string {
  return is ? 'met' : 'missed';
}
