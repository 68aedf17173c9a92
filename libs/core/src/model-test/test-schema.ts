import type { JsonSchema } from '../yaml/validate-yaml';

/** Most tests of one file, and most rows of one list: tests are small, and run while somebody waits. */
const MAX_TESTS = 500;
export const MAX_FIXTURE_ROWS = 10_000;

const FILE_PATTERN = '^[^/\\\\]+\\.(csv|ndjson)$';

/** Values are looked at once it is known which columns they are of. */
const ROW: JsonSchema = { title: 'row', type: 'object' };

function rows(description: string): JsonSchema {
  return { type: ['array', 'string'], items: ROW, maxItems: MAX_FIXTURE_ROWS, pattern: FILE_PATTERN, description };
}

const REJECT: JsonSchema = {
  title: 'quarantined record',
  type: 'object',
  additionalProperties: false,
  required: ['record'],
  properties: {
    record: { ...ROW, title: 'record', description: 'the record, by some of its fields as they were given.' },
    rules: { type: 'array', items: { type: 'string', maxLength: 200 }, minItems: 1, maxItems: 100, uniqueItems: true, description: 'the rules that it breaks, such as [required:amount, amount_not_negative]; not compared when left out.' },
  },
};

const TEST: JsonSchema = {
  title: 'test',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'model', 'given', 'expect'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 200, description: 'what the test shows, in a few words.' },
    model: { type: 'string', maxLength: 130, description: 'what is tested: a model such as gold.revenue, or bronze.<source dataset> for the contract.' },
    interval: { type: 'string', maxLength: 80, description: 'the grains that the model runs over, such as 2010-12-01/2010-12-03; one grain when left out.' },
    given: {
      title: 'list of inputs',
      type: 'object',
      minProperties: 1,
      maxProperties: 100,
      additionalProperties: rows('a list of rows, or the name of a .csv or .ndjson file in the same folder.'),
      description: 'the rows of each dataset that the model reads; of raw.<source dataset> for the contract.',
    },
    expect: rows('the rows that come out: a list, or the name of a .csv or .ndjson file in the same folder. Columns that are left out are not compared.'),
    ordered: { type: 'boolean', default: false, description: 'whether the rows come in this order.' },
    quarantined: { type: 'array', items: REJECT, maxItems: MAX_FIXTURE_ROWS, description: 'for the contract: the records that go to quarantine; none when left out.' },
  },
};

/** tests/*.yaml; published for editors. */
export const TESTS_SCHEMA: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'test file',
  type: 'object',
  additionalProperties: false,
  required: ['tests'],
  properties: { tests: { type: 'array', items: TEST, minItems: 1, maxItems: MAX_TESTS, description: 'the tests of this file.' } },
};
