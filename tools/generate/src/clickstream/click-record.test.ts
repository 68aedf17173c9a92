import { isUtf8 } from 'node:buffer';
import { BAD_KINDS } from './bad-record';
import { CLICK_DEFAULTS, clickOptions } from './click-options';
import { clickRecord } from './click-record';

const START = Date.parse('2026-03-24T09:58:20.123Z');
const options = clickOptions({ startMs: START, site: 'test' });
const COUNT = 40_000;

interface Fields {
  readonly event_id: string;
  readonly seq: number;
  readonly op: 'put' | 'delete';
  readonly happened_at?: string;
  readonly received_at: string;
}

function goodFields(given = options, count = COUNT): Fields[] {
  return Array.from({ length: count }, (_, n) => clickRecord(given, n)).flatMap(({ rule, value }) => (rule === undefined ? [JSON.parse(value.toString('utf8')) as Fields] : []));
}

describe('records of clicks', () => {
  test('are a function of the options and their number, in whatever order they are asked for', () => {
    const forwards = Array.from({ length: 500 }, (_, n) => clickRecord(options, n));
    const backwards = Array.from({ length: 500 }, (_, n) => clickRecord({ ...options }, 499 - n)).reverse();
    expect(backwards).toEqual(forwards);
    expect(Array.from({ length: 500 }, (_, n) => clickRecord({ ...options, seed: 2 }, n).value)).not.toEqual(forwards.map(({ value }) => value));
  });

  test('are received at the rate, and say so in value and timestamp', () => {
    const slow = { ...options, rate: 3 };
    expect([0, 1, 2, 3, 300].map((n) => clickRecord(slow, n).timestamp - START)).toEqual([0, 333, 666, 1_000, 100_000]);
    const good = Array.from({ length: 2_000 }, (_, n) => clickRecord(options, n)).filter(({ rule }) => rule === undefined);
    expect(good.map(({ value }) => (JSON.parse(value.toString('utf8')) as Fields).received_at)).toEqual(good.map(({ timestamp }) => new Date(timestamp).toISOString()));
  });

  test('have the key of their click', () => {
    const good = Array.from({ length: 2_000 }, (_, n) => clickRecord(options, n)).filter(({ rule }) => rule === undefined);
    expect(good.map(({ value }) => (JSON.parse(value.toString('utf8')) as Fields).event_id)).toEqual(good.map(({ key }) => key));
  });

  test.each([
    ['as they are by default', {}],
    ['as asked', { duplicates: 0.2, updates: 0.2, deletes: 0.1, bad: 0.1 }],
    ['none', { duplicates: 0, updates: 0, deletes: 0, bad: 0 }],
  ])('have the shares of copies, versions and bad ones %s', (_, shares) => {
    const given = clickOptions({ startMs: START, ...shares });
    const counted = { duplicates: 0, updates: 0, deletes: 0, bad: 0 };
    const seen = new Map<string, Set<number>>();
    for (let n = 0; n < COUNT; n++) {
      const { rule, value } = clickRecord(given, n);
      if (rule !== undefined) counted.bad += 1;
      if (rule !== undefined) continue;
      const { event_id, seq, op } = JSON.parse(value.toString('utf8')) as Fields;
      const before = seen.get(event_id);
      if (op === 'delete') counted.deletes += 1;
      else if (before?.has(seq)) counted.duplicates += 1;
      else if (before) counted.updates += 1;
      seen.set(event_id, (before ?? new Set()).add(seq));
    }
    for (const name of ['duplicates', 'updates', 'deletes', 'bad'] as const) expect(Math.abs(counted[name] / COUNT - given[name])).toBeLessThan(0.006);
  });

  test.each([{ disorder: 0.3, disorderSeconds: 30, late: 0.1 }, { disorder: 0, disorderSeconds: 30, late: 0 }])('come out of order and late as asked: %o', (shares) => {
    const given = clickOptions({ startMs: START, duplicates: 0, updates: 0, deletes: 0, bad: 0, ...shares });
    const delays = goodFields(given).map(({ happened_at = '', received_at }) => Date.parse(received_at) - Date.parse(happened_at));
    const share = (from: number, to: number): number => delays.filter((delay) => delay > from && delay <= to).length / delays.length;
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(share(20, 30_000)).toBeCloseTo(shares.disorder, 1);
    expect(share(30_000, 3_599_999)).toBe(0);
    expect(share(3_599_999, 86_400_000)).toBeCloseTo(shares.late, 1);
  });

  test('bring older versions of a click after newer ones only where there is disorder', () => {
    const overtaken = (disorder: number): number => {
      const newest = new Map<string, number>();
      return goodFields({ ...options, disorder }).filter(({ event_id, seq }) => {
        const before = newest.get(event_id) ?? 0;
        newest.set(event_id, Math.max(before, seq));
        return seq < before;
      }).length;
    };
    // Copies of a first version may follow a second one in any case.
    expect(overtaken(1)).toBeGreaterThan(0.9 * COUNT * CLICK_DEFAULTS.updates);
    expect(overtaken(0)).toBeLessThan(0.1 * COUNT * CLICK_DEFAULTS.updates);
  });

  test('are bad in every way there is', () => {
    const bad = Array.from({ length: COUNT }, (_, n) => clickRecord(options, n)).filter(({ rule }) => rule !== undefined);
    expect(new Set(bad.map(({ rule }) => rule))).toEqual(new Set(BAD_KINDS.map(([, rule]) => rule)));
    expect(bad.some(({ key }) => key === null)).toBe(true);
    for (const { value, rule } of bad) expect(isUtf8(value)).toBe(rule !== 'invalid_utf8');
  });

  test.each([
    ['a share above one', { bad: 1.1 }],
    ['shares that leave no new clicks', { duplicates: 0.5, updates: 0.5 }],
    ['a rate of nothing', { rate: 0 }],
    ['a site that is no name', { site: 'my shop' }],
    ['a time that is none', { startMs: Number.NaN }],
  ])('refuse %s', (_, given) => {
    expect(() => clickOptions({ startMs: START, ...given })).toThrow(RangeError);
  });
});
