import { aliasNames } from '../check/aliases';
import { NAME_PATTERN } from '../definition/names';
import type { JsonSchema } from '../yaml/validate-yaml';
import { COLUMN_RELATIONS, CONTEXT, CUSTOM_PROPERTIES, DATASET_RELATIONS, DEFINITIONS, ELEMENT, FLAG, ID, listOf, mapping, SECTIONS, TEXT, TEXTS, texts, WHOLE } from './odcs-sections';

/** Versions of the Open Data Contract Standard whose contracts are read. */
export const ODCS_VERSIONS = ['v3.1.0', 'v3.0.0', 'v3.0.1', 'v3.0.2', 'v3.2.0'] as const;

/** How contracts write the engine of expectations: the standard's text and its schema differ. */
const EXPECTATION_ENGINES = ['greatExpectations', 'great-expectations'] as const;

const NUMBER: JsonSchema = { type: 'number', description: 'Write a number.' };
const PAIR: JsonSchema = { type: 'array', minItems: 2, maxItems: 2, uniqueItems: true, items: NUMBER, description: 'Write two different numbers, the smaller first, such as [0, 10].' };

export const OPERATORS = {
  mustBe: 'equal',
  mustNotBe: 'notEqual',
  mustBeGreaterThan: 'greaterThan',
  mustBeGreaterOrEqualTo: 'atLeast',
  mustBeLessThan: 'lessThan',
  mustBeLessOrEqualTo: 'atMost',
  mustBeBetween: 'between',
  mustNotBeBetween: 'notBetween',
} as const;

const QUALITY: JsonSchema = {
  type: 'array',
  description: 'Write a list of rules.',
  items: {
    title: 'quality rule',
    type: 'object',
    additionalProperties: false,
    properties: {
      type: { enum: ['library', 'sql', 'custom', 'text'], description: 'Use library, sql, custom or text.' },
      id: ID,
      name: { type: 'string', maxLength: 100, pattern: '[A-Za-z0-9]', description: 'Write a short name with letters or digits; it becomes the id of the rule.' },
      metric: { enum: aliasNames('odcs'), description: 'what is measured.' },
      // The name of `metric` before v3.1.
      rule: { enum: [...aliasNames('odcs'), 'duplicateCount'], description: 'Use `metric`.' },
      // Each metric has a schema of its own for them.
      arguments: { type: 'object', description: 'Write a mapping.' },
      query: { type: 'string', minLength: 1, description: 'one SELECT over ${object} that gives one number.' },
      engine: { enum: ['weir', ...EXPECTATION_ENGINES], description: '`weir`: a row rule or a check of ours; `greatExpectations`: an expectation.' },
      implementation: { type: ['string', 'object'], description: 'a mapping such as {row: unit_price >= 0}, {check: range, column: quantity, min: 1} or {type: expect_column_values_to_be_unique, kwargs: {column: id}}.' },
      severity: { enum: ['error', 'warning', 'info'], description: 'Use error (the default), warning or info.' },
      dimension: { enum: ['accuracy', 'completeness', 'conformity', 'consistency', 'coverage', 'timeliness', 'uniqueness'], description: 'Use one of the dimensions of the standard.' },
      unit: { enum: ['rows', 'percent'], description: 'Use rows (the default) or percent.' },
      ...Object.fromEntries(Object.keys(OPERATORS).map((key) => [key, key.endsWith('Between') ? PAIR : NUMBER])),
      authoritativeDefinitions: DEFINITIONS,
      customProperties: CUSTOM_PROPERTIES,
      tags: TEXTS,
      ...texts('businessImpact', 'description', 'method', 'schedule', 'scheduler'),
    },
  },
};

const BOUND: JsonSchema = { type: ['number', 'string'], description: 'Write a number, or a date in quotes.' };
// A boolean in v3.0, where it qualifies minimum or maximum; a bound of its own later.
const EXCLUSIVE: JsonSchema = { type: ['number', 'string', 'boolean'], description: 'Write a number, or a date in quotes.' };
const LENGTH: JsonSchema = { type: 'integer', minimum: 0, description: 'Write a whole number.' };

const OPTIONS = mapping('set of type options', {
  minimum: BOUND,
  maximum: BOUND,
  exclusiveMinimum: EXCLUSIVE,
  exclusiveMaximum: EXCLUSIVE,
  minLength: LENGTH,
  maxLength: LENGTH,
  pattern: { type: 'string', minLength: 1, description: 'Write a regular expression.' },
  format: { type: 'string', minLength: 1, description: 'Write text, such as yyyy-MM-dd for a date.' },
  multipleOf: { type: 'number', exclusiveMinimum: 0, description: 'Write a number above 0.' },
  timezone: { const: false, description: 'Timestamps are UTC here.' },
  defaultTimezone: { enum: ['UTC', 'Etc/UTC'], description: 'Timestamps are UTC here.' },
  minItems: LENGTH,
  maxItems: LENGTH,
  uniqueItems: FLAG,
  minProperties: LENGTH,
  maxProperties: LENGTH,
  required: { type: 'array', minItems: 1, uniqueItems: true, items: TEXT, description: 'Write a list of names.' },
  dimensions: { type: 'integer', minimum: 1, description: 'Write a whole number above 0.' },
  elementType: { enum: ['bfloat16', 'binary', 'float16', 'float32', 'float64', 'int8', 'uint8'], description: 'Use one of the types of the standard.' },
  distanceMetric: { enum: ['cosine', 'dotProduct', 'euclidean', 'hamming', 'manhattan'], description: 'Use one of the metrics of the standard.' },
  normalized: FLAG,
  ...texts('embeddingModel', 'embeddingModelVersion'),
});

const ENUM_VALUE = mapping('value', { id: ID, tags: TEXTS, customProperties: CUSTOM_PROPERTIES, authoritativeDefinitions: DEFINITIONS, ...texts('label', 'description'), value: { type: ['string', 'number', 'boolean'], description: 'the value.' } }, ['value']);

/** What is inside of arrays and maps, and of objects, which give it a name. */
const INSIDE: JsonSchema = { $ref: '#/$defs/inside' };
const NAMED: JsonSchema = { $ref: '#/$defs/named' };

/** A column, or what is inside of one. */
function property(name: JsonSchema, required: readonly string[]): JsonSchema {
  return mapping('column', {
    ...ELEMENT,
    name,
    physicalName: { type: 'string', minLength: 1, maxLength: 1000, description: 'the header of the column in the file.' },
    logicalType: { type: 'string', description: 'the type.' },
    physicalType: { type: 'string', description: 'the type in SQL, such as decimal(12,3).' },
    logicalTypeOptions: OPTIONS,
    required: FLAG,
    unique: FLAG,
    primaryKey: FLAG,
    primaryKeyPosition: { type: 'integer', minimum: -1, description: 'Write its position in the key, from 1.' },
    enum: { type: 'array', minItems: 1, uniqueItems: true, items: ENUM_VALUE, description: 'Write a list of mappings with `value`.' },
    quality: QUALITY,
    properties: listOf(NAMED, 'Write a list of columns.'),
    items: INSIDE,
    map: mapping('map', { key: INSIDE, value: INSIDE }, ['key', 'value']),
    semanticType: { enum: ['column', 'measure', 'dimension'], description: 'Use column, measure or dimension.' },
    partitioned: FLAG,
    partitionKeyPosition: WHOLE,
    criticalDataElement: FLAG,
    transformSourceObjects: TEXTS,
    examples: listOf({}, 'Write a list of values.'),
    relationships: COLUMN_RELATIONS,
    ...texts('classification', 'encryptedName', 'transformLogic', 'transformDescription'),
  }, required);
}

const COLUMN_NAME: JsonSchema = { type: 'string', pattern: NAME_PATTERN, description: 'the column in lower-case letters, digits and _, beginning with a letter, at most 63 of them; its header goes to `physicalName`.' };

/** JSON Schema of an ODCS contract: of what Weir reads, and the form of the rest. What depends on the version of the standard is in odcs-version.ts. */
export const ODCS_SCHEMA: JsonSchema = {
  title: 'data contract',
  description: 'Write a mapping of the keys of a data contract.',
  type: 'object',
  required: ['apiVersion', 'kind', 'id', 'version', 'schema'],
  additionalProperties: false,
  properties: {
    apiVersion: { enum: [...ODCS_VERSIONS], description: 'the version of the standard, such as v3.1.0.' },
    kind: { const: 'DataContract', description: 'DataContract.' },
    id: { type: 'string', minLength: 1, description: 'a stable id of the contract.' },
    version: { type: 'string', minLength: 1, description: 'the version of the contract, in quotes, such as "1.0.0".' },
    schema: {
      type: 'array',
      minItems: 1,
      description: 'a list of datasets, the source first.',
      items: {
        title: 'dataset',
        type: 'object',
        required: ['name'],
        additionalProperties: false,
        properties: {
          ...ELEMENT,
          name: { type: 'string', pattern: NAME_PATTERN, description: 'the dataset or model.' },
          logicalType: { const: 'object', description: 'Write object.' },
          properties: { type: 'array', minItems: 1, maxItems: 1600, items: property(COLUMN_NAME, ['name']), description: 'the list of columns.' },
          quality: QUALITY,
          relationships: DATASET_RELATIONS,
          context: CONTEXT,
          ...texts('physicalName', 'physicalType', 'dataGranularityDescription'),
        },
      },
    },
    ...SECTIONS,
  },
  $defs: { inside: property(TEXT, []), named: property(TEXT, ['name']) },
};
