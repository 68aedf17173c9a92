import { aliasNames } from '../check/aliases';
import { NAME_PATTERN } from '../definition/names';
import type { JsonSchema } from '../yaml/validate-yaml';

/** Versions of the Open Data Contract Standard whose contracts are read. */
export const ODCS_VERSIONS = ['v3.1.0', 'v3.0.0', 'v3.0.1', 'v3.0.2', 'v3.2.0'] as const;

/** How contracts write the engine of expectations: the standard's text and its schema differ. */
const EXPECTATION_ENGINES = ['greatExpectations', 'great-expectations'] as const;

/** Sections of the standard that tell people something and Weir nothing: any content is accepted. */
function unread(...keys: readonly string[]): Record<string, JsonSchema> {
  return Object.fromEntries(keys.map((key) => [key, {}]));
}

const CUSTOM_PROPERTIES: JsonSchema = {
  type: 'array',
  description: 'Write a list of `property` and `value`.',
  items: {
    title: 'custom property',
    type: 'object',
    required: ['property', 'value'],
    additionalProperties: false,
    properties: { property: { type: 'string', description: 'its name.' }, ...unread('id', 'value', 'description', 'vendor') },
  },
};

const NUMBER: JsonSchema = { type: 'number', description: 'Write a number.' };
const PAIR: JsonSchema = { type: 'array', minItems: 2, maxItems: 2, items: NUMBER, description: 'Write two numbers, the smaller first, such as [0, 10].' };

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
      id: { type: 'string', description: 'Write text.' },
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
      ...unread('authoritativeDefinitions', 'businessImpact', 'customProperties', 'description', 'method', 'schedule', 'scheduler', 'tags'),
    },
  },
};

const BOUND: JsonSchema = { type: ['number', 'string'], description: 'Write a number, or a date in quotes.' };
// A boolean in v3.0, where it qualifies minimum or maximum; a bound of its own later.
const EXCLUSIVE: JsonSchema = { type: ['number', 'string', 'boolean'], description: 'Write a number, or a date in quotes.' };
const LENGTH: JsonSchema = { type: 'integer', minimum: 0, description: 'Write a whole number.' };

const PROPERTY: JsonSchema = {
  title: 'column',
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', pattern: NAME_PATTERN, description: 'the column in lower-case letters, digits and _, beginning with a letter, at most 63 of them; its header goes to `physicalName`.' },
    physicalName: { type: 'string', minLength: 1, maxLength: 1000, description: 'the header of the column in the file.' },
    logicalType: { type: 'string', description: 'the type.' },
    physicalType: { type: 'string', description: 'the type in SQL, such as decimal(12,3).' },
    logicalTypeOptions: {
      title: 'set of type options',
      type: 'object',
      additionalProperties: false,
      properties: {
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
      },
      description: 'Write a mapping.',
    },
    required: { type: 'boolean', description: 'Write true or false.' },
    unique: { type: 'boolean', description: 'Write true or false.' },
    primaryKey: { type: 'boolean', description: 'Write true or false.' },
    primaryKeyPosition: { type: 'integer', minimum: -1, description: 'Write its position in the key, from 1.' },
    enum: {
      type: 'array',
      minItems: 1,
      items: { title: 'value', type: 'object', required: ['value'], additionalProperties: false, properties: { value: { type: ['string', 'number', 'boolean'], description: 'the value.' }, ...unread('label', 'id', 'description', 'customProperties', 'authoritativeDefinitions', 'tags') } },
      description: 'Write a list of mappings with `value`.',
    },
    quality: QUALITY,
    customProperties: CUSTOM_PROPERTIES,
    ...unread('id', 'description', 'businessName', 'deprecated', 'synonyms', 'authoritativeDefinitions', 'tags', 'semanticType', 'partitioned', 'partitionKeyPosition', 'classification', 'encryptedName'),
    ...unread('transformSourceObjects', 'transformLogic', 'transformDescription', 'examples', 'criticalDataElement', 'relationships'),
  },
};

/** JSON Schema of the part of an ODCS contract that Weir reads; of the rest only the names of the sections are checked. */
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
          name: { type: 'string', pattern: NAME_PATTERN, description: 'the dataset or model.' },
          properties: { type: 'array', minItems: 1, maxItems: 1600, items: PROPERTY, description: 'the list of columns.' },
          quality: QUALITY,
          customProperties: CUSTOM_PROPERTIES,
          ...unread('id', 'physicalName', 'physicalType', 'logicalType', 'description', 'businessName', 'deprecated', 'synonyms', 'authoritativeDefinitions', 'tags', 'dataGranularityDescription', 'relationships', 'context'),
        },
      },
    },
    ...unread('name', 'tenant', 'tags', 'status', 'servers', 'dataProduct', 'description', 'domain', 'context', 'support', 'price', 'team', 'roles', 'slaDefaultElement', 'slaProperties', 'authoritativeDefinitions', 'customProperties', 'contractCreatedTs'),
  },
};
