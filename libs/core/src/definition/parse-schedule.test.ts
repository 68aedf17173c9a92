import { parsePipeline } from './parse-pipeline';

const HOURLY = `name: shop
grain: 1h
source: { dataset: orders, type: file, path: "data/{hour}.csv" }
destinations: [{ connection: warehouse, schema: shop }]
`;
const WHOLE = HOURLY.replace('grain: 1h\n', '').replace('{hour}', '*');
const MINUTES = HOURLY.replace('1h', '5m').replace('{hour}', '{minute}');

const parse = (text: string) => parsePipeline({ path: 'pipeline.yaml', text }, '/p');
const problemsOf = (text: string) => parse(text).problems.map(({ code, place, message }) => `${code} ${place} ${message}`);

function parsed(text: string) {
  const { pipeline, problems } = parse(text);
  expect(problems).toEqual([]);
  return pipeline;
}

const DEFAULT = { cron: '0 * * * *', timezone: 'UTC', catchup: false, maxActiveRuns: 1, dependsOnPast: false };

describe('a schedule', () => {
  test.each([
    ['nothing', HOURLY, undefined],
    ['false', `${HOURLY}schedule: false\n`, undefined],
    ['true', `${HOURLY}schedule: true\n`, DEFAULT],
    ['an empty mapping', `${HOURLY}schedule: {}\n`, DEFAULT],
    ['a cron', `${HOURLY}schedule: "5  */2 * * *"\n`, { ...DEFAULT, cron: '5 */2 * * *' }],
    ['true without a grain', `${WHOLE}schedule: true\n`, DEFAULT],
    [
      'every key',
      `${HOURLY}schedule: { cron: "5 * * * *", timezone: Europe/London, startDate: 2010-12-01, catchup: true, maxActiveRuns: 4, dependsOnPast: true, paused: "source is being migrated" }\n`,
      { cron: '5 * * * *', timezone: 'Europe/London', startDate: '2010-12-01T00:00:00Z', catchup: true, maxActiveRuns: 4, dependsOnPast: true, paused: 'source is being migrated' },
    ],
    ['a start with an offset', `${HOURLY}schedule: { startDate: "2010-12-01T10:30:00+01:00" }\n`, { ...DEFAULT, startDate: '2010-12-01T09:30:00Z' }],
    ['micro-batches of 5 minutes', `${MINUTES}mode: micro_batch\n`, { ...DEFAULT, cron: '*/5 * * * *' }],
    ['micro-batches of 1 minute', `${MINUTES.replace('5m', '1m')}mode: micro_batch\nschedule: { maxActiveRuns: 2 }\n`, { ...DEFAULT, cron: '* * * * *', maxActiveRuns: 2 }],
    ['micro-batches with a cron', `${MINUTES}mode: micro_batch\nschedule: "*/10 * * * *"\n`, { ...DEFAULT, cron: '*/10 * * * *' }],
    ['micro-batches without', `${MINUTES}mode: micro_batch\nschedule: false\n`, undefined],
  ])('from %s', (_what, text, schedule) => {
    expect(parsed(text)?.schedule).toEqual(schedule);
  });

  test.each([
    ['a number', `${HOURLY}schedule: 5\n`, ['INVALID_VALUE pipeline.yaml:5:11 `schedule` must be true or false or text or a mapping, not `5`.']],
    ['nothing', `${HOURLY}schedule:\n`, ['INVALID_VALUE pipeline.yaml:5:10 `schedule` must be true or false or text or a mapping, not empty.']],
    ['an unknown key', `${HOURLY}schedule: { corn: "0 * * * *" }\n`, ['UNKNOWN_KEY pipeline.yaml:5:13 `corn` is not a key of a schedule.']],
    ['a bad cron', `${HOURLY}schedule: "0 25 * * *"\n`, ['INVALID_VALUE pipeline.yaml:5:11 The hour of the cron `0 25 * * *` cannot be `25`.']],
    ['a bad cron in a mapping', `${HOURLY}schedule: { cron: "0 0 * * someday" }\n`, ['INVALID_VALUE pipeline.yaml:5:19 The day of the week of the cron `0 0 * * someday` cannot be `someday`.']],
    ['an unknown time zone', `${HOURLY}schedule: { timezone: Europe/Londn }\n`, ['INVALID_VALUE pipeline.yaml:5:23 There is no time zone `Europe/Londn`.']],
    ['a start that is no day', `${HOURLY}schedule: { startDate: 2023-02-29 }\n`, ['INVALID_VALUE pipeline.yaml:5:24 `schedule.startDate` cannot be `2023-02-29`: it is not a date or time.']],
    ['no run at a time', `${HOURLY}schedule: { maxActiveRuns: 0 }\n`, ['INVALID_VALUE pipeline.yaml:5:28 `schedule.maxActiveRuns` cannot be `0`: the least is 1.']],
    ['a pause without a reason', `${HOURLY}schedule: { paused: true }\n`, ['INVALID_VALUE pipeline.yaml:5:21 `schedule.paused` must be text, not `true`.']],
    ['catchup without a start', `${HOURLY}schedule: { catchup: true }\n`, ['MISSING_KEY pipeline.yaml:5:22 `schedule.catchup` needs a startDate: nothing else says how far back runs are missing.']],
    ['catchup without a grain', `${WHOLE}schedule: { catchup: true }\n`, ['INVALID_VALUE pipeline.yaml:4:22 `schedule.catchup` needs a grain: without intervals no run is missing.']],
    ['dependence without a grain', `${WHOLE}schedule: { dependsOnPast: true }\n`, ['INVALID_VALUE pipeline.yaml:4:28 `schedule.dependsOnPast` needs a grain: without intervals no run is missing.']],
    ['a mode that is none', `${HOURLY}mode: stream\n`, ['INVALID_VALUE pipeline.yaml:5:7 `mode` cannot be `stream`.']],
    ['micro-batches of an hour', `${HOURLY}mode: micro_batch\n`, ['INVALID_VALUE pipeline.yaml:2:8 A pipeline of mode `micro_batch` cannot have a grain of 1h.']],
    ['micro-batches of 6 minutes', `${MINUTES.replace('5m', '6m')}mode: micro_batch\n`, ['INVALID_VALUE pipeline.yaml:2:8 A pipeline of mode `micro_batch` cannot have a grain of 6m.']],
    ['micro-batches without a grain', `${WHOLE}mode: micro_batch\n`, ['MISSING_KEY pipeline.yaml:4:7 A pipeline of mode `micro_batch` needs a grain.']],
    ['an approval that is none', `${HOURLY}approval: always\n`, ['INVALID_VALUE pipeline.yaml:5:11 `approval` cannot be `always`.']],
  ])('is refused with %s', (_what, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });
});

describe('a lookback', () => {
  test('counts in grains', () => {
    expect(parsed(`${HOURLY}schedule: true\nlookback: 3h\n`)?.lookbackGrains).toBe(3);
    expect(parsed(`${MINUTES}mode: micro_batch\nlookback: 15m\n`)?.lookbackGrains).toBe(3);
  });

  test.each([
    ['90m', '`lookback` cannot be `90m`: it is not a whole number of grains of 1h.', 'Use a multiple of 1h, such as 2h.'],
    ['0h', '`lookback` cannot be `0h`: it is not a whole number of grains of 1h.', 'Use a multiple of 1h, such as 1h.'],
    ['1001h', '`lookback` cannot be `1001h`: the most is 1000 grains, 1000h.', 'Use a shorter time, and a backfill for what is older.'],
  ])('of %s is refused', (lookback, message, fix) => {
    expect(parse(`${HOURLY}schedule: true\nlookback: ${lookback}\n`).problems).toEqual([{ code: 'INVALID_VALUE', message, fix, place: 'pipeline.yaml:6:11' }]);
  });

  test('is refused without a schedule, and without a grain', () => {
    expect(problemsOf(`${HOURLY}lookback: 1h\n`)).toEqual(['INVALID_VALUE pipeline.yaml:5:11 `lookback` needs a schedule: other runs take the interval that they are given.']);
    expect(problemsOf(`${WHOLE}schedule: true\nlookback: 1h\n`)).toEqual(['INVALID_VALUE pipeline.yaml:5:11 `lookback` needs a grain: without intervals every run takes everything.']);
  });

  test('beside an impossible grain brings no second problem', () => {
    expect(problemsOf(`${HOURLY.replace('1h', '5h')}schedule: true\nlookback: 1h\n`)).toEqual([expect.stringContaining('`5h` is not a grain')]);
  });
});

describe('retention', () => {
  test.each([
    ['', { raw: 90 * 86_400_000 }],
    ['retention: { bronze: 365d, gold: forever }\n', { raw: 90 * 86_400_000, bronze: 365 * 86_400_000 }],
    ['retention: { raw: forever }\n', {}],
    ['retention: { raw: 12h, silver: 1d, gold: 36500d }\n', { raw: 43_200_000, silver: 86_400_000, gold: 36_500 * 86_400_000 }],
  ])('of %j', (text, retention) => {
    expect(parsed(HOURLY + text)?.retention).toEqual(retention);
  });

  test.each([
    ['0d', 'INVALID_VALUE pipeline.yaml:5:19 `retention.raw` cannot be `0d`.'],
    ['36501d', 'INVALID_VALUE pipeline.yaml:5:19 `retention.raw` cannot be `36501d`.'],
    ['always', 'INVALID_VALUE pipeline.yaml:5:19 `retention.raw` cannot be `always`.'],
    ['90', 'INVALID_VALUE pipeline.yaml:5:19 `retention.raw` must be text, not `90`.'],
  ])('cannot be %s', (time, problem) => {
    expect(problemsOf(`${HOURLY}retention: { raw: ${time} }\n`)).toEqual([problem]);
  });

  test('is for zones', () => {
    expect(problemsOf(`${HOURLY}retention: { golden: 1d }\n`)).toEqual(['UNKNOWN_KEY pipeline.yaml:5:14 `golden` is not a key of the retention settings.']);
  });
});
