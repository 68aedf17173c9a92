import type { JsonSchema } from '../yaml/validate-yaml';
import { DEFAULTS, FOREVER, MAX_LOOKBACK_GRAINS } from './defaults';
import { DESTINATION_SCHEMA } from './destination-schema';
import { DURATION_PATTERN } from './duration';
import { NAME_PATTERN, NAME_WORDS } from './names';
import { SOURCE_SCHEMA } from './source-schema';

const MODEL: JsonSchema = {
  title: 'model',
  type: ['object', 'null'],
  additionalProperties: false,
  properties: {
    key: {
      type: 'array',
      minItems: 1,
      maxItems: 32,
      uniqueItems: true,
      items: { type: 'string', pattern: NAME_PATTERN, description: 'Name an output column of the model.' },
      description: 'the columns that identify a row, as a list such as [day, country].',
    },
    over: {
      enum: ['row', 'interval', 'history'],
      description: "what the model sees: one `row`, the run's `interval` (grain by grain) or the whole `history`. Default: `row` where the SQL allows it, else `interval`.",
    },
    writeMode: {
      enum: ['append', 'upsert', 'overwrite', 'scd2'],
      description: 'how the table is brought up to date; with `scd2` it has every version of a key, with valid_from, valid_to and is_current (slowly changing dimension, type 2). Default: `upsert` where the model has a key, else `append`.',
    },
    sequence: { type: 'string', pattern: NAME_PATTERN, description: 'the column whose greatest value wins among rows of one key.' },
  },
};

const STREAM: JsonSchema = {
  title: 'the stream settings',
  type: 'object',
  additionalProperties: false,
  properties: {
    consumers: { type: 'integer', minimum: 1, maximum: 64, default: DEFAULTS.consumers, description: 'how many consumers share the partitions of the topic; `weir streams scale` changes it while the stream runs.' },
    refresh: { type: 'string', pattern: DURATION_PATTERN, default: DEFAULTS.refresh, description: 'the time between two rebuilds of interval and history models, such as 30s or 5m.' },
  },
};

const QUARANTINE: JsonSchema = {
  title: 'the quarantine settings',
  type: 'object',
  additionalProperties: false,
  properties: {
    failAbove: { type: ['string', 'number'], default: DEFAULTS.failAbove, description: `the share of quarantined rows that ends a run, as 5% or 0.05; in mode realtime the share of the last minute that pauses the stream, ${DEFAULTS.realtimeFailAbove} if nothing is said.` },
    minRows: { type: 'integer', minimum: 0, maximum: 1_000_000_000, default: DEFAULTS.minRows, description: `a run with this many quarantined rows or fewer goes on whatever their share; in mode realtime the least number of records to judge by, ${DEFAULTS.realtimeMinRows} if nothing is said.` },
  },
};

const KEPT: JsonSchema = { type: 'string', pattern: `^(${FOREVER}|\\d{1,9}(ms|s|m|h|d))$`, description: `how long a partition stays in the zone after it was published: a time such as 90d, or ${FOREVER}.` };

const SCHEDULE: JsonSchema = {
  title: 'schedule',
  type: ['boolean', 'string', 'object'],
  maxLength: 200,
  default: false,
  additionalProperties: false,
  properties: {
    cron: { type: 'string', maxLength: 200, default: DEFAULTS.cron, description: 'when runs start: minute, hour, day of the month, month and day of the week. Default for micro-batches: every grain.' },
    timezone: { type: 'string', maxLength: 64, default: DEFAULTS.timezone, description: 'the time zone of the cron, such as Europe/London; intervals are UTC in any zone.' },
    startDate: { type: 'string', maxLength: 40, description: 'a date or time before which nothing is due, such as 2010-12-01. Default: when the schedule is made.' },
    catchup: { type: 'boolean', default: DEFAULTS.catchup, description: 'whether runs that were missed since startDate are run; if not, backfills show them as missing.' },
    maxActiveRuns: { type: 'integer', minimum: 1, maximum: 100, default: DEFAULTS.maxActiveRuns, description: 'how many scheduled runs may be open at a time; others wait.' },
    dependsOnPast: { type: 'boolean', default: DEFAULTS.dependsOnPast, description: 'whether a scheduled run waits until the interval before its own was published.' },
    paused: { type: 'string', minLength: 1, maxLength: 500, description: 'the reason why no run starts by schedule for now; remove it to go on.' },
  },
};

const RETENTION: JsonSchema = {
  title: 'the retention settings',
  type: 'object',
  additionalProperties: false,
  properties: {
    raw: { ...KEPT, default: DEFAULTS.rawRetention },
    bronze: { ...KEPT, default: FOREVER },
    silver: { ...KEPT, default: FOREVER },
    gold: { ...KEPT, default: FOREVER },
  },
};

/** JSON Schema of pipeline.yaml: what the compiler checks, and what editors get as docs/schema/pipeline.schema.json. */
export const PIPELINE_SCHEMA: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'pipeline',
  description: 'Write a mapping of the keys of a pipeline.',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'source', 'destinations'],
  properties: {
    name: { type: 'string', pattern: NAME_PATTERN, description: `the name of the pipeline: ${NAME_WORDS}` },
    description: { type: 'string', maxLength: 2000, description: 'what the pipeline is for.' },
    mode: {
      enum: ['batch', 'micro_batch', 'realtime'],
      default: DEFAULTS.mode,
      description: '`realtime` takes the records of a topic as they come; `micro_batch` runs every grain of 1 to 5 minutes, unless its schedule says otherwise; all else is `batch`.',
    },
    grain: { type: 'string', pattern: '^[1-9]\\d{0,3}[mhd]$', description: `the length of an interval: minutes or hours that divide a day, or whole days, such as 5m, 1h or 1d. Without it the pipeline has no intervals, or, in mode realtime, those of ${DEFAULTS.realtimeGrain}.` },
    lookback: {
      type: 'string',
      pattern: DURATION_PATTERN,
      description: `how much before its own interval a scheduled run takes again, for rows that came late: whole grains such as 3h, at most ${MAX_LOOKBACK_GRAINS}.`,
    },
    schedule: { ...SCHEDULE, description: `when runs start by themselves: a cron such as "${DEFAULTS.cron}", true for that one, or a mapping of cron and more.` },
    approval: {
      enum: ['never', 'warning'],
      default: DEFAULTS.approval,
      description: 'whether a person must approve a run before it publishes: `never`, or when its checks end with a `warning`.',
    },
    retention: { ...RETENTION, description: `how long partitions are kept, by zone, as times such as 90d or ${FOREVER}.` },
    stream: { ...STREAM, description: 'how a pipeline of mode realtime runs: a mapping of consumers and refresh.' },
    source: { ...SOURCE_SCHEMA, description: 'a mapping of dataset, type, and what the type needs.' },
    models: {
      title: 'models',
      type: 'object',
      propertyNames: { pattern: NAME_PATTERN },
      additionalProperties: MODEL,
      description: 'settings of models by name. Every file models/<zone>/<name>.sql is a model, named here or not.',
    },
    destinations: { type: 'array', minItems: 1, maxItems: 16, items: DESTINATION_SCHEMA, description: 'where the tables go: a list of connection and schema, or of places for files.' },
    quarantine: { ...QUARANTINE, description: 'how many bad rows a run may have.' },
    retries: { type: 'integer', minimum: 0, maximum: 100, default: DEFAULTS.retries, description: 'how often a stage is tried again after a failure that may pass.' },
    retryDelay: { type: 'string', pattern: DURATION_PATTERN, default: DEFAULTS.retryDelay, description: 'the time between such attempts, such as 30s, 5m or 1h.' },
    executionTimeout: { type: 'string', pattern: DURATION_PATTERN, default: DEFAULTS.executionTimeout, description: 'the longest that one attempt of a stage may take, such as 30s, 5m or 1h.' },
  },
};
