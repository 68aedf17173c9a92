import type { JsonSchema } from '../yaml/validate-yaml';
import { DURATION_PATTERN } from './duration';
import { NAME_PATTERN } from './names';

/** What applies where pipeline.yaml says nothing; published in the schema and tested against it. */
export const DEFAULTS = {
  delimiter: ',',
  empty: 'error',
  retries: 2,
  retryDelay: '5m',
  executionTimeout: '1h',
  failAbove: '1%',
  minRows: 100,
} as const;

const NAME = 'lower-case letters, digits and _, beginning with a letter, at most 63 of them.';

const SOURCE: JsonSchema = {
  title: 'source',
  type: 'object',
  additionalProperties: false,
  required: ['dataset', 'type', 'path'],
  properties: {
    dataset: { type: 'string', pattern: NAME_PATTERN, description: `the name of the rows as they come in; models read them as bronze.<dataset>: ${NAME}` },
    type: { enum: ['file'], description: '`file`: CSV files with a header.' },
    path: {
      type: 'string',
      minLength: 1,
      maxLength: 4096,
      description: 'the files: with {date} (2010-12-01) or {hour} (2010-12-01T10) where the pipeline has a grain, with * and ** otherwise; relative to this folder.',
    },
    delimiter: { type: 'string', minLength: 1, maxLength: 1, default: DEFAULTS.delimiter, description: 'the character between fields.' },
    empty: { enum: ['allow', 'error'], default: DEFAULTS.empty, description: 'what an interval without a file is: an `error`, or normal (`allow`).' },
  },
};

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
      enum: ['append', 'upsert', 'overwrite'],
      description: 'how the table is brought up to date. Default: `upsert` where the model has a key, else `append`.',
    },
    sequence: { type: 'string', pattern: NAME_PATTERN, description: 'the column whose greatest value wins among rows of one key.' },
  },
};

const DESTINATION: JsonSchema = {
  title: 'destination',
  type: 'object',
  additionalProperties: false,
  required: ['connection', 'schema'],
  properties: {
    connection: { type: 'string', minLength: 1, maxLength: 63, description: 'the connection; `warehouse` comes with `weir up`.' },
    schema: { type: 'string', pattern: NAME_PATTERN, description: `the schema that gets one table per model: ${NAME}` },
  },
};

const QUARANTINE: JsonSchema = {
  title: 'the quarantine settings',
  type: 'object',
  additionalProperties: false,
  properties: {
    failAbove: { type: ['string', 'number'], default: DEFAULTS.failAbove, description: 'the share of quarantined rows that ends a run, as 5% or 0.05.' },
    minRows: { type: 'integer', minimum: 0, maximum: 1_000_000_000, default: DEFAULTS.minRows, description: 'a run with this many quarantined rows or fewer goes on whatever their share.' },
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
    name: { type: 'string', pattern: NAME_PATTERN, description: `the name of the pipeline: ${NAME}` },
    description: { type: 'string', maxLength: 2000, description: 'what the pipeline is for.' },
    grain: { type: 'string', pattern: '^[1-9]\\d{0,3}[mhd]$', description: 'the length of an interval: hours that divide a day or whole days, such as 1h or 1d. Without it the pipeline has no intervals.' },
    source: { ...SOURCE, description: 'a mapping of dataset, type and path.' },
    models: {
      title: 'models',
      type: 'object',
      propertyNames: { pattern: NAME_PATTERN },
      additionalProperties: MODEL,
      description: 'settings of models by name. Every file models/<zone>/<name>.sql is a model, named here or not.',
    },
    destinations: { type: 'array', minItems: 1, maxItems: 16, items: DESTINATION, description: 'where the tables go: a list of connection and schema.' },
    quarantine: { ...QUARANTINE, description: 'how many bad rows a run may have.' },
    retries: { type: 'integer', minimum: 0, maximum: 100, default: DEFAULTS.retries, description: 'how often a stage is tried again after a failure that may pass.' },
    retryDelay: { type: 'string', pattern: DURATION_PATTERN, default: DEFAULTS.retryDelay, description: 'the time between such attempts, such as 30s, 5m or 1h.' },
    executionTimeout: { type: 'string', pattern: DURATION_PATTERN, default: DEFAULTS.executionTimeout, description: 'the longest that one attempt of a stage may take, such as 30s, 5m or 1h.' },
  },
};
