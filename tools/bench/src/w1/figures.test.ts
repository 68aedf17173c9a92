import type { JobFigures } from '../measured-job';
import { aimsOf, growthOf } from './aims';
import { figuresOf, type Round, type RunFigures, type SizeFigures } from './figures';
import type { W1Truth } from './orders-data';

const MIB = 1024 * 1024;

function job(wall: number, peaks: Record<string, number>): JobFigures {
  return { wall, processes: Object.entries(peaks).map(([name, mib]) => ({ name, cpu: wall, peak: mib * MIB })) };
}

function run(weir: number, direct: number, quality = 100): RunFigures {
  return { weir: { ...job(weir, { quality, load: 80 }), stages: [{ stage: 'extract', seconds: weir / 2, parts: [] }] }, direct: job(direct, { script: 300 }) };
}

function size(rows: number, rounds: readonly Round[]): SizeFigures {
  return figuresOf({ rows } as W1Truth, rounds);
}

function round(first: RunFigures, peers: Round['peers'] = []): Round {
  return { runs: { first, again: run(5, 4), changed: run(6, 4) }, peers };
}

test('of three rounds the fastest of each system counts, with its own stages, and the highest peak', () => {
  const { runs, peers, peaks } = size(20_000, [round(run(12, 8, 120), [{ name: 'polars', wall: 9 }]), round(run(10, 9, 110), [{ name: 'polars', wall: 7 }]), round(run(11, 7, 100), [{ name: 'polars', wall: 8 }])]);
  expect([runs.first.weir.wall, runs.first.direct.wall]).toEqual([10, 7]);
  expect(runs.first.weir.stages[0]?.seconds).toBe(5);
  expect([runs.again.weir.wall, runs.changed.weir.wall]).toEqual([5, 6]);
  expect(peers).toEqual([{ name: 'polars', wall: 7 }]);
  expect(peaks).toEqual({ weir: { quality: 120 * MIB, load: 80 * MIB }, direct: { script: 300 * MIB } });
});

test('up to 100,000 orders a second more than the direct script is allowed, beyond 1.3 times', () => {
  const first = (rows: number, weir: number, direct: number): unknown => aimsOf(size(rows, [round(run(weir, direct))]))[0];
  expect(first(100_000, 2, 1)).toMatchObject({ met: true, measured: '2.00 s, limit 2.00 s' });
  expect(first(100_000, 2.01, 1)).toMatchObject({ met: false });
  expect(first(1_000_000, 13, 10)).toMatchObject({ met: true, measured: '13.00 s, limit 13.00 s' });
  expect(first(1_000_000, 13.1, 10)).toMatchObject({ met: false });
});

test('every other tool and the largest service have an aim', () => {
  const aims = aimsOf(size(1_000_000, [round(run(10, 9, 513), [{ name: 'polars', wall: 9 }, { name: 'dlt', wall: 20 }])]));
  expect(aims.slice(1).map(({ measured, met }) => [measured, met])).toEqual([
    ['10.00 s beside 9.00 s', false],
    ['10.00 s beside 20.00 s', true],
    ['quality 513 MiB', false],
  ]);
});

test('from a million to five time may grow fivefold and memory not, within a tenth', () => {
  const small = size(1_000_000, [round(run(10, 9, 100))]);
  expect(growthOf([small])).toEqual([]);
  const grown = (weir: number, quality: number): boolean[] => growthOf([small, size(5_000_000, [round(run(weir, 45, quality))])]).map(({ met }) => met);
  expect(grown(54, 109)).toEqual([true, true]);
  expect(grown(56, 109)).toEqual([false, true]);
  expect(grown(54, 111)).toEqual([true, false]);
});
