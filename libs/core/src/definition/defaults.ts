/** What applies where pipeline.yaml says nothing; published in the schema and tested against it. */
export const DEFAULTS = {
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
  fileFormat: 'csv',
  compression: 'auto',
  quote: '"',
  encoding: 'utf-8',
  apiInterval: 'iso',
  requestsPerSecond: 10,
  region: 'us-east-1',
  startFrom: 'earliest',
  realtimeGrain: '1h',
  realtimeFailAbove: '50%',
  realtimeMinRows: 1_000,
  consumers: 1,
  refresh: '1m',
  exportFormat: 'parquet',
  parquetCompression: 'zstd',
  textCompression: 'none',
} as const;

/** The retention of what is never removed. */
export const FOREVER = 'forever';

/** Bounds what a scheduled run takes besides its own grain. */
export const MAX_LOOKBACK_GRAINS = 1_000;
