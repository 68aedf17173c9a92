import { Ajv } from 'ajv';
import { contractSchema } from './contract-schema';

const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(contractSchema());
const contract = (implementation: unknown, engine = 'weir'): object => ({
  apiVersion: 'v3.1.0',
  kind: 'DataContract',
  id: 'c',
  version: '1.0.0',
  status: 'active',
  schema: [{ name: 'orders', properties: [{ name: 'n', logicalType: 'integer' }], quality: [{ type: 'custom', engine, name: 'r', implementation }] }],
});

it.each([
  ['a row rule', { row: 'n > 0' }],
  ['text', 'row: n > 0'],
  ['a check with a bound', { check: 'range', column: 'n', min: 1, mostly: 0.9 }],
  ['a check with an operator', { check: 'volume', mustBeBetween: [0.5, 2] }],
  ['a check without the column that its place names', { check: 'nullShare' }],
  ['an age', { check: 'freshness', column: 'n', maxAge: '2h' }],
  ['an expectation', { type: 'expect_column_values_to_be_between', kwargs: { column: 'n', min_value: 1 } }],
])('lets %s pass', (_what, implementation) => {
  expect(validate(contract(implementation))).toBe(true);
});

it.each([
  ['an unknown check', { check: 'rang', column: 'n' }],
  ['an argument of another check', { check: 'range', column: 'n', patterns: ['x'] }],
  ['an unknown expectation', { type: 'expect_magic', kwargs: {} }],
  ['an unknown argument of an expectation', { type: 'expect_column_values_to_be_unique', kwargs: { column: 'n', min_value: 1 } }],
])('marks %s', (_what, implementation) => {
  expect(validate(contract(implementation))).toBe(false);
});
