import { SHOP } from '../testing/shop';
import type { Definition, Model } from './definition';
import { lookbackProblems } from './lookback';
import { parsePipeline } from './parse-pipeline';
import { settingWarnings } from './setting-warnings';

function scheduled(cron: string, grain: string, more: { timezone?: string; lookbackGrains?: number } = {}): Definition {
  const { timezone = 'UTC', lookbackGrains = 0 } = more;
  return { ...SHOP, grain, lookbackGrains, schedule: { cron, timezone, catchup: false, maxActiveRuns: 1, dependsOnPast: false } };
}

/** The same for a source whose new files each interval takes. */
function tracked(cron: string, grain: string): Definition {
  const definition = scheduled(cron, grain);
  return { ...definition, source: { ...definition.source, track: 'new' } as Definition['source'] };
}

describe('settings that deserve a look', () => {
  test.each<[string, Definition]>([
    ['no schedule', { ...SHOP, grain: '1h' }],
    ['a schedule without intervals', { ...scheduled('0 0 * * *', '1d'), grain: undefined }],
    ['a tick for each hour', scheduled('0 * * * *', '1h')],
    ['a tick for each hour where clocks change', scheduled('7 * * * *', '1h', { timezone: 'America/New_York' })],
    ['a tick for each day', scheduled('30 2 * * *', '1d', { timezone: 'Europe/London' })],
    ['a tick for each day by a zone far from UTC', scheduled('30 3 * * *', '1d', { timezone: 'America/New_York' })],
    ['a tick for each micro-batch', scheduled('*/5 * * * *', '5m')],
    ['ticks far apart over a source that is read in sequence', tracked('0 9 * * mon-fri', '1d')],
    ['a lookback that covers what lies between ticks', scheduled('0 5 * * *', '1h', { lookbackGrains: 23 })],
  ])('are none with %s', (_what, definition) => {
    expect(settingWarnings(definition)).toEqual([]);
  });

  test.each<[Definition, string]>([
    [scheduled('0 5 * * *', '1h'), 'each scheduled run takes one interval of 1h, ticks of `0 5 * * *` are up to 1d apart: up to 23 of 24 stay missing until a backfill takes them.'],
    [scheduled('0 */6 * * *', '1h', { lookbackGrains: 2 }), 'each scheduled run takes 3 intervals of 1h, ticks of `0 */6 * * *` are up to 6h apart: up to 3 of 6 stay missing until a backfill takes them.'],
    [scheduled('0 9 * * mon-fri', '1d'), 'each scheduled run takes one interval of 1d, ticks of `0 9 * * mon-fri` are up to 3d apart: up to 2 of 3 stay missing until a backfill takes them.'],
    [scheduled('0 * * * *', '1d'), 'ticks of `0 * * * *` come up to 24 times within a grain of 1d: each takes the same interval again.'],
    [tracked('0 * * * *', '1d'), 'ticks of `0 * * * *` come up to 24 times within a grain of 1d: the first takes what is new, the others the same again. Use a smaller grain.'],
    [
      scheduled('30 2 * * *', '1d', { timezone: 'America/New_York' }),
      'when the clocks of America/New_York change, `30 2 * * *` leaves out an interval, such as the 1d from 2024-03-09T00:00:00Z: choose a time away from midnight UTC and from the change, or the time zone UTC.',
    ],
    [
      // 00:30 in London is the evening before in UTC while it is summer there.
      scheduled('30 0 * * *', '1d', { timezone: 'Europe/London' }),
      'when the clocks of Europe/London change, `30 0 * * *` leaves out an interval, such as the 1d from 2024-10-26T00:00:00Z: choose a time away from midnight UTC and from the change, or the time zone UTC.',
    ],
    [scheduled('0 5 * * *', '1h', { timezone: 'Europe/London', lookbackGrains: 23 }), expect.stringContaining('the 1h from 2024-10-26T04:00:00Z') as string],
  ])('%#: a schedule that leaves intervals out or takes them again', (definition, warning) => {
    expect(settingWarnings(definition)).toEqual([warning]);
  });

  test('are retentions of what models over history read', () => {
    const [model] = SHOP.models as [Model];
    const lines: Model = { ...model, name: 'lines', zone: 'silver', scope: 'row' };
    const totals: Model = { ...model, name: 'totals', scope: 'history', inputs: ['silver.lines'] };
    const ranks: Model = { ...model, name: 'ranks', scope: 'history', inputs: ['gold.totals'] };
    const retention = { raw: 1, bronze: 86_400_000, silver: 365 * 86_400_000, gold: 86_400_000 };
    expect(settingWarnings({ ...SHOP, models: [lines, totals, ranks], retention })).toEqual(['retention.silver is 365d: `gold.totals` is over history and reads silver, so rows older than that leave it.']);
  });
});

describe('a lookback', () => {
  const { yaml, pipeline } = parsePipeline(
    { path: 'pipeline.yaml', text: 'name: shop\ngrain: 1h\nschedule: true\nlookback: 2h\nsource: { dataset: orders, type: file, path: "{hour}.csv" }\ndestinations: [{ connection: warehouse, schema: shop }]\n' },
    '/p',
  );
  const [plain] = SHOP.contract.datasets.flatMap(({ columns }) => columns);

  test('needs a primary key in the contract', () => {
    expect(lookbackProblems(plain ? [plain] : [], pipeline, yaml)).toEqual([expect.objectContaining({ code: 'MISSING_KEY', place: 'pipeline.yaml:4:11', message: '`lookback` needs a primary key, and the contract gives `orders` none.' })]);
    expect(lookbackProblems(plain ? [{ ...plain, keyPosition: 1 }] : [], pipeline, yaml)).toEqual([]);
  });
});
