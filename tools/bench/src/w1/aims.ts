import { SERVICES } from '@weir/servers';
import type { SizeFigures } from './figures';

/** What is aimed at. */
const ALLOWANCE = { rows: 100_000, seconds: 1 };
const FACTOR = 1.3;
const SERVICE_MEMORY = 512 * 1024 * 1024;
/** Sizes between which time is to grow as the rows do, and memory not at all. */
const SMALL = 1_000_000;
const LARGE = 5_000_000;
/** How far measurements are off: a tenth. */
const TOLERANCE = 1.1;

/** An aim, what was measured, and whether that is enough. */
export interface Aim {
  readonly aim: string;
  readonly measured: string;
  readonly met: boolean;
}

/** The aims of one size: time beside the direct script and the other tools, memory of each service. */
export function aimsOf({ truth: { rows }, runs, peers, peaks }: SizeFigures): Aim[] {
  const { weir, direct } = { weir: runs.first.weir.wall, direct: runs.first.direct.wall };
  const [limit, aim] = rows <= ALLOWANCE.rows ? [direct + ALLOWANCE.seconds, `≤ direct + ${ALLOWANCE.seconds} s`] : [FACTOR * direct, `≤ ${FACTOR} × direct`];
  const largest = largestService(peaks.weir);
  return [
    { aim: `first run ${aim}`, measured: `${weir.toFixed(2)} s, limit ${limit.toFixed(2)} s`, met: weir <= limit },
    ...peers.map(({ name, wall }) => ({ aim: `first run ahead of ${name}`, measured: `${weir.toFixed(2)} s beside ${wall.toFixed(2)} s`, met: weir < wall })),
    { aim: `each service ≤ ${mebibytes(SERVICE_MEMORY)} MiB`, measured: `${largest.name} ${mebibytes(largest.peak)} MiB`, met: largest.peak <= SERVICE_MEMORY },
  ];
}

/** From a million orders to five: where both were measured. */
export function growthOf(sizes: readonly SizeFigures[]): Aim[] {
  const [small, large] = [SMALL, LARGE].map((rows) => sizes.find(({ truth }) => truth.rows === rows));
  if (!small || !large) return [];
  const times = large.runs.first.weir.wall / small.runs.first.weir.wall;
  const grown = SERVICES.map((name) => ({ name, from: small.peaks.weir[name] ?? 0, to: large.peaks.weir[name] ?? 0 })).reduce((one, other) => (other.to - other.from > one.to - one.from ? other : one));
  return [
    { aim: `time from 1 M to 5 M linear`, measured: `× ${times.toFixed(2)}`, met: times <= (LARGE / SMALL) * TOLERANCE },
    { aim: `memory from 1 M to 5 M flat`, measured: `${grown.name} ${mebibytes(grown.from)} → ${mebibytes(grown.to)} MiB`, met: grown.to <= grown.from * TOLERANCE },
  ];
}

function largestService(peaks: Readonly<Record<string, number>>): { name: string; peak: number } {
  return SERVICES.map((name) => ({ name, peak: peaks[name] ?? 0 })).reduce((one, other) => (other.peak > one.peak ? other : one));
}

export function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}
