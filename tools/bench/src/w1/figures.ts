import type { JobFigures, ProcessFigures } from '../measured-job';
import type { W1Truth } from './orders-data';

/** What the pipeline and the direct script do in a round: into empty tables, again, with each hundredth order changed. */
export const RUNS = ['first', 'again', 'changed'] as const;
export type RunName = (typeof RUNS)[number];

export interface StageFigures {
  readonly stage: string;
  readonly seconds: number;
  /** Models and tables. */
  readonly parts: readonly { readonly name: string; readonly seconds: number }[];
}

/** A run of the pipeline and one of the direct script, after each other. */
export interface RunFigures {
  readonly weir: JobFigures & { readonly stages: readonly StageFigures[] };
  readonly direct: JobFigures;
}

/** Another tool; wall seconds into empty tables. */
export interface PeerFigures {
  readonly name: string;
  readonly wall: number;
}

export interface Round {
  readonly runs: Readonly<Record<RunName, RunFigures>>;
  readonly peers: readonly PeerFigures[];
}

/** The best of the rounds of one size. Peaks of memory are the highest of all rounds and runs. */
export interface SizeFigures {
  readonly truth: W1Truth;
  readonly runs: Readonly<Record<RunName, RunFigures>>;
  readonly peers: readonly PeerFigures[];
  readonly peaks: { readonly weir: Peaks; readonly direct: Peaks };
}

/** Bytes by process. */
type Peaks = Readonly<Record<string, number>>;

/** Puts the rounds of one size together: of each system and run the fastest. */
export function figuresOf(truth: W1Truth, rounds: readonly Round[]): SizeFigures {
  const fastest = (name: RunName): RunFigures => ({ weir: least(rounds.map(({ runs }) => runs[name].weir)), direct: least(rounds.map(({ runs }) => runs[name].direct)) });
  const all = rounds.flatMap(({ runs }) => Object.values(runs));
  const names = rounds[0]?.peers.map(({ name }) => name) ?? [];
  return {
    truth,
    runs: { first: fastest('first'), again: fastest('again'), changed: fastest('changed') },
    peers: names.map((name) => least(rounds.flatMap(({ peers }) => peers.filter((peer) => peer.name === name)))),
    peaks: { weir: peaksOf(all.flatMap(({ weir }) => weir.processes)), direct: peaksOf(all.flatMap(({ direct }) => direct.processes)) },
  };
}

function least<T extends { readonly wall: number }>(figures: readonly T[]): T {
  return figures.reduce((one, other) => (other.wall < one.wall ? other : one));
}

function peaksOf(processes: readonly ProcessFigures[]): Peaks {
  const peaks: Record<string, number> = {};
  for (const { name, peak } of processes) peaks[name] = Math.max(peaks[name] ?? 0, peak);
  return peaks;
}
