import { DEFAULTS } from './defaults';
import { PIPELINE_SCHEMA } from './pipeline-schema';
import { parsePipeline } from './parse-pipeline';
import { CSV_LAYOUT } from './source';

const parse = (text: string) => parsePipeline({ path: 'pipeline.yaml', text }, '/p');

const HELLO = `name: hello
source: { dataset: orders, type: file, path: data/*.csv }
destinations:
  - { connection: warehouse, schema: hello }
`;

describe('pipeline.yaml', () => {
  test('has the stated defaults', () => {
    const { pipeline, problems } = parse(HELLO);
    expect(problems).toEqual([]);
    expect(pipeline).toEqual({
      name: 'hello',
      description: '',
      mode: 'batch',
      grain: undefined,
      stream: undefined,
      schedule: undefined,
      lookbackGrains: 0,
      approval: 'never',
      retention: { raw: 7_776_000_000 },
      source: { type: 'file', dataset: 'orders', path: '/p/data/*.csv', layout: CSV_LAYOUT, empty: 'error' },
      models: new Map(),
      destinations: [{ connection: 'warehouse', type: 'postgres', schema: 'hello' }],
      policy: { retries: 2, retryDelayMs: 300_000, executionTimeoutMs: 3_600_000, failAbove: { share: 0.01, minRows: 100 } },
    });
  });

  test('states in its schema the defaults that it applies', () => {
    expect(DEFAULTS).toEqual({
      delimiter: ',',
      empty: 'error',
      retries: 2,
      retryDelay: '5m',
      executionTimeout: '1h',
      failAbove: '1%',
      minRows: 100,
      mode: 'batch',
      cron: '0 * * * *',
      timezone: 'UTC',
      catchup: false,
      maxActiveRuns: 1,
      dependsOnPast: false,
      approval: 'never',
      rawRetention: '90d',
      kafkaConnection: 'kafka',
      recordFormat: 'json',
      startFrom: 'earliest',
      realtimeGrain: '1h',
      realtimeFailAbove: '50%',
      realtimeMinRows: 1000,
      consumers: 1,
      refresh: '1m',
      exportFormat: 'parquet',
      parquetCompression: 'zstd',
      textCompression: 'none',
      fileFormat: 'csv',
      compression: 'auto',
      quote: '"',
      encoding: 'utf-8',
      apiInterval: 'iso',
      requestsPerSecond: 10,
      region: 'us-east-1',
    });
    const published = (keys: Record<string, unknown>): Record<string, unknown> => Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, (value as { default?: unknown }).default]));
    const properties = PIPELINE_SCHEMA['properties'] as Record<string, { properties: Record<string, unknown> }>;
    expect(published(properties)).toMatchObject({ mode: 'batch', schedule: false, approval: 'never', retries: 2, retryDelay: '5m', executionTimeout: '1h' });
    expect(published(properties['schedule']?.properties ?? {})).toEqual({ cron: '0 * * * *', timezone: 'UTC', startDate: undefined, catchup: false, maxActiveRuns: 1, dependsOnPast: false, paused: undefined });
    expect(published(properties['retention']?.properties ?? {})).toEqual({ raw: '90d', bronze: 'forever', silver: 'forever', gold: 'forever' });
  });

  test('takes every key', () => {
    const { pipeline, problems } = parse(`name: retail
description: Order lines.
grain: 1d
source:
  dataset: order_lines
  type: file
  path: /data/{date}.csv
  delimiter: ";"
  empty: allow
models:
  by_day: { key: [day], over: interval, writeMode: upsert, sequence: at }
  plain:
destinations:
  - connection: warehouse
    schema: retail
quarantine: { failAbove: 5%, minRows: 0 }
retries: 0
retryDelay: 30s
executionTimeout: 2h
`);
    expect(problems).toEqual([]);
    expect(pipeline?.models).toEqual(new Map([['by_day', { key: ['day'], over: 'interval', writeMode: 'upsert', sequence: 'at' }], ['plain', {}]]));
    expect(pipeline?.policy).toEqual({ retries: 0, retryDelayMs: 30_000, executionTimeoutMs: 7_200_000, failAbove: { share: 0.05, minRows: 0 } });
    expect(pipeline?.source).toEqual({ type: 'file', dataset: 'order_lines', path: '/data/{date}.csv', layout: { ...CSV_LAYOUT, delimiter: ';' }, empty: 'allow' });
  });

  // Each line: what is wrong, the text, and the codes with their places.
  test.each([
    ['an unknown key', `${HELLO}retrys: 1\n`, ['UNKNOWN_KEY pipeline.yaml:5:1']],
    ['a misspelt key', HELLO.replace('destinations', 'destinaton'), ['UNKNOWN_KEY pipeline.yaml:3:1', 'MISSING_KEY pipeline.yaml:1:1']],
    ['an unknown key of a source', HELLO.replace('path:', 'paths:'), ['UNKNOWN_KEY pipeline.yaml:2:40', 'MISSING_KEY pipeline.yaml:2:9']],
    ['an unknown key of a model', `${HELLO}models:\n  a: { keys: [x] }\n`, ['UNKNOWN_KEY pipeline.yaml:6:8']],
    ['a wrong source type', HELLO.replace('type: file', 'type: fax'), ['INVALID_VALUE pipeline.yaml:2:34']],
    ['a name with a hyphen', HELLO.replace('name: hello', 'name: hello-you'), ['INVALID_VALUE pipeline.yaml:1:7']],
    ['a name of a zone', HELLO.replace('name: hello', 'name: gold'), ['INVALID_VALUE pipeline.yaml:1:7']],
    ['a name that is a number', HELLO.replace('name: hello', 'name: 1'), ['INVALID_VALUE pipeline.yaml:1:7']],
    ['retries as text', `${HELLO}retries: two\n`, ['INVALID_VALUE pipeline.yaml:5:10']],
    ['a negative number of retries', `${HELLO}retries: -1\n`, ['INVALID_VALUE pipeline.yaml:5:10']],
    ['a delay without a unit', `${HELLO}retryDelay: 5\n`, ['INVALID_VALUE pipeline.yaml:5:13']],
    ['a delay of words', `${HELLO}retryDelay: 5 minutes\n`, ['INVALID_VALUE pipeline.yaml:5:13']],
    ['a delay of two days', `${HELLO}retryDelay: 2d\n`, ['INVALID_VALUE pipeline.yaml:5:13']],
    ['a time limit of nothing', `${HELLO}executionTimeout: 0s\n`, ['INVALID_VALUE pipeline.yaml:5:19']],
    ['a share above one', `${HELLO}quarantine: { failAbove: 5 }\n`, ['INVALID_VALUE pipeline.yaml:5:26']],
    ['a share as a list', `${HELLO}quarantine: { failAbove: [5%] }\n`, ['INVALID_VALUE pipeline.yaml:5:26']],
    ['an impossible grain', `${HELLO}grain: 5h\n`, ['INVALID_VALUE pipeline.yaml:5:8']],
    ['a grain in weeks', `${HELLO}grain: 1w\n`, ['INVALID_VALUE pipeline.yaml:5:8']],
    ['a grain without a dated path', `${HELLO}grain: 1d\n`, ['INVALID_VALUE pipeline.yaml:2:46']],
    ['a dated path without a grain', HELLO.replace('data/*.csv', '"data/{date}.csv"'), ['INVALID_VALUE pipeline.yaml:2:46']],
    ['a scope that is none', `${HELLO}models:\n  a: { over: day }\n`, ['INVALID_VALUE pipeline.yaml:6:14']],
    ['a key that is not a list', `${HELLO}models:\n  a: { key: x }\n`, ['INVALID_VALUE pipeline.yaml:6:13']],
    ['a key twice in a list', `${HELLO}models:\n  a: { key: [x, x] }\n`, ['INVALID_VALUE pipeline.yaml:6:13']],
    ['a model with a bad name', `${HELLO}models:\n  Big-One: {}\n`, ['INVALID_VALUE pipeline.yaml:6:3']],
    ['an unknown connection', HELLO.replace('connection: warehouse', 'connection: lakehouse'), ['UNKNOWN_CONNECTION pipeline.yaml:4:19']],
    ['a destination twice', `${HELLO}  - { connection: warehouse, schema: hello }\n`, ['INVALID_VALUE pipeline.yaml:5:38']],
    ["Weir's own schema", HELLO.replace('schema: hello', 'schema: weir'), ['INVALID_VALUE pipeline.yaml:4:38']],
    ['no destination', HELLO.replace('destinations:\n  - { connection: warehouse, schema: hello }', 'destinations: []'), ['INVALID_VALUE pipeline.yaml:3:15']],
    ['a delimiter of two characters', HELLO.replace('path:', 'delimiter: ";;", path:'), ['INVALID_VALUE pipeline.yaml:2:51']],
    ['a quote as delimiter', HELLO.replace('path:', "delimiter: '\"', path:"), ['INVALID_VALUE pipeline.yaml:2:51']],
    ['a list instead of a pipeline', '- 1\n', ['INVALID_VALUE pipeline.yaml:1:1']],
    ['text instead of a pipeline', 'hello\n', ['INVALID_VALUE pipeline.yaml:1:1']],
    ['a NUL in the path', HELLO.replace('data/*.csv', '"a\\0b"'), ['INVALID_YAML pipeline.yaml:2:46']],
    ['many problems at once', 'nam: x\nretries: two\nretryDelay: 5\n', ['UNKNOWN_KEY pipeline.yaml:1:1', ...Array<string>(3).fill('MISSING_KEY pipeline.yaml:1:1'), 'INVALID_VALUE pipeline.yaml:2:10', 'INVALID_VALUE pipeline.yaml:3:13']],
  ])('with %s is refused at its place', (_what, text, expected) => {
    const found = parse(text).problems.map((problem) => `${problem.code} ${problem.place}`);
    expect([...found].sort()).toEqual([...expected].sort());
  });

  test('suggests the key that was meant, in the form of the design', () => {
    const problem = parse(HELLO.replace('destinations', 'destinaton')).problems.find(({ code }) => code === 'UNKNOWN_KEY');
    expect(problem).toEqual({ code: 'UNKNOWN_KEY', message: '`destinaton` is not a key of a pipeline.', fix: 'did you mean `destinations`?', place: 'pipeline.yaml:3:1' });
  });

  test('shows the wrong value, and what is right', () => {
    expect(parse(`${HELLO}retries: two\n`).problems[0]).toMatchObject({ message: '`retries` must be a whole number, not `two`.' });
    expect(parse(HELLO.replace('type: file', 'type: fil')).problems[0]).toMatchObject({ message: '`source.type` cannot be `fil`.', fix: 'did you mean `file`?' });
    expect(parse(`${HELLO}retries: 1000\n`).problems[0]).toMatchObject({ message: '`retries` cannot be `1000`: the most is 100.' });
  });
});
