import { ODCS_VERSIONS } from './odcs-schema';
import { parseContract } from './parse-contract';

type Version = (typeof ODCS_VERSIONS)[number];

/** Parses a contract of that version; the property stands on line 9, its brace in column 9, and whatever follows on the lines after it. */
function parse(version: Version, property: string, more = '') {
  const text = `apiVersion: ${version}\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\nschema:\n  - name: orders\n    properties:\n      - ${property}\n${more}`;
  const { contract, problems } = parseContract({ path: 'c.yaml', text }, 'orders');
  return { dataset: contract?.datasets[0], problems, brief: problems.map(({ code, place }) => `${code} ${place}`) };
}

const PLAIN = '{ name: a, logicalType: string }';

test.each(ODCS_VERSIONS.map((version) => [version]))('%s is read', (version) => {
  expect(parse(version, PLAIN).problems).toEqual([]);
});

describe('what came with v3.2', () => {
  test.each([
    ['values of a column', '{ name: a, logicalType: string, enum: [{ value: x, label: X }] }', '', 'c.yaml:9:41'],
    ['what a column is for', '{ name: a, logicalType: string, semanticType: dimension }', '', 'c.yaml:9:41'],
    ['other names', '{ name: a, logicalType: string, synonyms: [{ synonym: b }] }', '', 'c.yaml:9:41'],
    ['what is not to be used any more', '{ name: a, logicalType: string, deprecated: true }', '', 'c.yaml:9:41'],
    ['whose custom property it is', '{ name: a, logicalType: string, customProperties: [{ property: x, value: 1, vendor: acme }] }', '', 'c.yaml:9:85'],
    ['the context of a dataset', PLAIN, '    context: Ask nothing.\n', 'c.yaml:10:5'],
    ['the context of a contract', PLAIN, 'context: { instructions: Ask nothing. }\n', 'c.yaml:10:1'],
    ['the id of a relationship', '{ name: a, logicalType: string, relationships: [{ id: r, to: b.c }] }', '', 'c.yaml:9:59'],
    ['more of a service level', PLAIN, 'slaProperties: [{ property: latency, value: 4, customProperties: [] }]\n', 'c.yaml:10:48'],
  ])('%s, is read there and is no key before', (_what, property, more, place) => {
    expect(parse('v3.2.0', property, more).problems).toEqual([]);
    expect(parse('v3.1.0', property, more)).toMatchObject({ brief: [`UNKNOWN_KEY ${place}`], problems: [{ fix: expect.stringContaining('apiVersion: v3.2.0') }] });
  });

  test('values of a column, are a row rule', () => {
    const { dataset } = parse('v3.2.0', `{ name: a, logicalType: string, enum: [{ value: x }, { value: "y's" }] }`);
    expect(dataset?.rules).toMatchObject([{ rule: { id: 'enum:a', predicate: `"a" in ('x', 'y''s')`, severity: 'critical', type: 'conformity' } }]);
  });

  test.each([
    ['a map', '{ name: a, logicalType: map, map: { key: { logicalType: string }, value: { logicalType: object, properties: [{ name: "any name", logicalType: string, enum: [{ value: x }] }] } } }'],
    ['a vector', '{ name: a, logicalType: vector, logicalTypeOptions: { dimensions: 3, elementType: float32, distanceMetric: cosine, normalized: true, embeddingModel: m } }'],
  ])('%s, is JSON', (_what, property) => {
    expect(parse('v3.2.0', property)).toMatchObject({ problems: [], dataset: { columns: [{ type: 'VARCHAR' }] } });
    expect(parse('v3.1.0', property).brief).toContain('INVALID_VALUE c.yaml:9:33');
  });

  test.each([
    ['a column without a type', '{ name: a, physicalType: text }', 'MISSING_KEY c.yaml:9:9'],
    ['a map of nobody knows what', '{ name: a, logicalType: map }', 'MISSING_KEY c.yaml:9:9'],
    ['a vector of no size', '{ name: a, logicalType: vector, logicalTypeOptions: { normalized: true } }', 'MISSING_KEY c.yaml:9:61'],
    ['a map in a text', '{ name: a, logicalType: string, map: { key: { logicalType: string }, value: { logicalType: string } } }', 'INVALID_VALUE c.yaml:9:46'],
  ])('does not have %s', (_what, property, brief) => {
    expect(parse('v3.2.0', property).brief).toEqual([brief]);
  });
});

describe('what v3.1 does not have any more', () => {
  test.each([
    ['bounds that are true', '{ name: a, logicalType: integer, logicalTypeOptions: { maximum: 9, exclusiveMaximum: true } }', '', 'INVALID_VALUE c.yaml:9:94'],
    ['rules in place of metrics', PLAIN, '    quality: [{ rule: rowCount, mustBe: 0 }]\n', 'MISSING_KEY c.yaml:10:15'],
    ['two bounds of one rule', PLAIN, '    quality: [{ metric: rowCount, mustBeGreaterThan: 0, mustBeLessThan: 9 }]\n', 'INVALID_VALUE c.yaml:10:73'],
    ['options without a type', '{ name: a, physicalType: int, logicalTypeOptions: { minimum: 0 } }', '', 'MISSING_KEY c.yaml:9:9'],
    ['keys of other kinds of rules', PLAIN, '    quality: [{ type: text, query: select 1, description: No. }]\n', 'UNKNOWN_KEY c.yaml:10:29'],
  ])('%s, are read in v3.0 only', (_what, property, more, brief) => {
    expect(parse('v3.0.2', property, more).problems).toEqual([]);
    expect(parse('v3.1.0', property, more).brief).toEqual([brief]);
    expect(parse('v3.2.0', property, more).brief).toContain(brief);
  });

  test('is read in v3.0 as it was meant', () => {
    expect(parse('v3.0.2', '{ name: a, logicalType: integer, logicalTypeOptions: { maximum: 9, exclusiveMaximum: true } }').dataset?.rules).toMatchObject([{ rule: { id: 'maximum:a', predicate: '"a" < 9' } }]);
    const twins = '    quality: [{ rule: duplicateCount, arguments: { properties: [a] }, mustBe: 0 }]\n';
    expect(parse('v3.0.2', PLAIN, twins).dataset?.checks).toMatchObject([{ check: { id: 'orders.duplicateValues', type: 'uniqueness', threshold: { equal: 0 } } }]);
  });
});

test('v3.1 asks for the status of a contract', () => {
  const text = 'kind: DataContract\nid: c\nversion: 1.0.0\nschema:\n  - name: orders\n    properties: [{ name: a, logicalType: string }]\n';
  const briefs = ODCS_VERSIONS.map((version) => [version, ...parseContract({ path: 'c.yaml', text: `apiVersion: ${version}\n${text}` }, 'orders').problems.map(({ code, place }) => `${code} ${place}`)]);
  expect(briefs.filter((brief) => brief.length > 1)).toEqual([['v3.1.0', 'MISSING_KEY c.yaml:1:1']]);
});

test.each([
  ['{ name: a, logicalType: string, logicalTypeOptions: { minItems: 1 } }', 'INVALID_VALUE c.yaml:9:73'],
  ['{ name: a, logicalType: array, logicalTypeOptions: { minLength: 1 } }', 'INVALID_VALUE c.yaml:9:73'],
  ['{ name: a, logicalType: string, logicalTypeOptions: { timezone: false } }', 'INVALID_VALUE c.yaml:9:73'],
  ['{ name: a, logicalType: string, items: { logicalType: string } }', 'INVALID_VALUE c.yaml:9:48'],
  ['{ name: a, logicalType: array, items: { logicalType: strng } }', 'INVALID_VALUE c.yaml:9:62'],
  ['{ name: a, logicalType: array, items: { logicalType: integer, logicalTypeOptions: { minimum: x } } }', 'INVALID_VALUE c.yaml:9:102'],
  ['{ name: a, logicalType: array, items: { logicalType: integer, logicalTypeOptions: { format: u9 } } }', 'INVALID_VALUE c.yaml:9:101'],
  ['{ name: a, logicalType: object, properties: [{ logicalType: string }] }', 'MISSING_KEY c.yaml:9:54'],
  ['{ name: a, logicalType: string, tags: x }', 'INVALID_VALUE c.yaml:9:47'],
  ['{ name: a, logicalType: string, id: "a b" }', 'INVALID_VALUE c.yaml:9:45'],
  ['{ name: a, logicalType: string, relationships: [{ to: nowhere }] }', 'INVALID_VALUE c.yaml:9:63'],
])('%s is nothing that the standard has', (property, brief) => {
  expect(parse('v3.1.0', property).brief).toEqual(expect.arrayContaining([brief]));
});

test.each([
  ['{ name: a, logicalType: time }', ['regexp_full_match("a", ']],
  ['{ name: a, logicalType: object, logicalTypeOptions: { required: [x, "y\'s"] }, properties: [{ name: x, logicalType: string }] }', ["json_type(\"a\") = 'OBJECT' then true", "list_has_all(json_keys(\"a\"), ['x', 'y''s'])"]],
  ['{ name: a, logicalType: array, logicalTypeOptions: { minItems: 1, maxItems: 3 }, items: { logicalType: string } }', ["json_type(\"a\") = 'ARRAY' then true", 'json_array_length("a") >= 1', 'json_array_length("a") <= 3']],
])('%s is text with rules for its form', (property, parts) => {
  const { dataset, problems } = parse('v3.1.0', property);
  expect(problems).toEqual([]);
  expect(dataset?.columns[0]?.type).toBe('VARCHAR');
  expect(dataset?.rules.map(({ rule }) => rule.predicate)).toEqual(parts.map((part) => expect.stringContaining(part)));
});
