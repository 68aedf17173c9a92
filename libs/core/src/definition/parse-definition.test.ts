import { SHOP } from '../testing/shop';
import { describeChanges } from './changes';
import { parseDefinition } from './parse-definition';
import type { FileSource } from './source';
import { staleParts } from './stale-parts';

describe('a stored definition', () => {
  test('comes back as it was', () => {
    const whole = { ...SHOP, mode: 'micro_batch' as const, lookbackGrains: 3, approval: 'warning' as const, retention: {}, grain: '5m' };
    expect(JSON.stringify(parseDefinition(JSON.stringify(whole)))).toHaveLength(JSON.stringify(whole).length);
    expect(parseDefinition(JSON.stringify(whole))).toMatchObject({ mode: 'micro_batch', lookbackGrains: 3, approval: 'warning', retention: {}, grain: '5m', name: 'shop' });
  });

  test('from before there were schedules and files of other formats means what it meant then: applying it again changes nothing', () => {
    const { layout: { delimiter }, ...source } = SHOP.source as FileSource;
    const { mode: _mode, lookbackGrains: _lookback, approval: _approval, retention: _retention, upstream: _upstream, ...old } = SHOP;
    const parsed = parseDefinition(JSON.stringify({ ...old, source: { ...source, delimiter } }));
    expect(parsed).toMatchObject({ mode: 'batch', lookbackGrains: 0, approval: 'never', retention: { raw: 7_776_000_000 }, upstream: [] });
    expect(parsed.schedule).toBeUndefined();
    expect(describeChanges(parsed, SHOP)).toEqual([]);
    expect(staleParts(parsed, SHOP)).toEqual([]);
  });

  test('that is no JSON is an error', () => {
    expect(() => parseDefinition('{')).toThrow(SyntaxError);
  });
});
