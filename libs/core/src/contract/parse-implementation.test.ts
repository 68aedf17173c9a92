import { aliasNames } from '../check/aliases';
import type { Check, Threshold } from '../check/check';
import type { Measure } from '../check/measure';
import { parseContract } from './parse-contract';

const HEAD = 'apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\nschema:\n  - name: orders\n    properties:\n';
const COLUMNS = ['id: string', 'n: integer', 'm: integer', 'at: timestamp', 'status: string'].map((column) => column.split(': ')).map(([name, type]) => `      - { name: ${name}, logicalType: ${type} }\n`).join('');

/** The outcome for one quality rule of the dataset, which stands in line 15 from column 9. */
function rule(line: string): { checks: Check[]; problems: string[]; messages: string[] } {
  const { contract, problems } = parseContract({ path: 'c.yaml', text: `${HEAD}${COLUMNS}    quality:\n      - ${line}\n` }, 'orders');
  return { checks: contract?.datasets[0]?.checks.map(({ check }) => check) ?? [], problems: problems.map(({ code, place }) => `${code} ${place}`), messages: problems.map(({ message, fix }) => `${message} ${fix ?? ''}`) };
}

const expectation = (type: string, kwargs: object, more = '') => rule(`{ type: custom, engine: greatExpectations, implementation: { type: ${type}, kwargs: ${JSON.stringify(kwargs)} }${more} }`);

const none: Threshold = { equal: 0, unit: 'rows', of: 'values' };
const percent = (atMost: number): Threshold => ({ atMost, unit: 'percent', of: 'values' });

type Example = [name: string, kwargs: object, measure: Measure, threshold: Threshold];

const EXAMPLES: readonly Example[] = [
  ['expect_column_values_to_not_be_null', { column: 'n', mostly: 0.9 }, { kind: 'nullShare', column: 'n' }, { atMost: 10, unit: 'percent' }],
  ['expect_column_values_to_be_null', { column: 'n' }, { kind: 'nullShare', column: 'n', wanted: 'null' }, { equal: 0, unit: 'rows' }],
  ['expect_column_values_to_be_unique', { column: 'id', mostly: 0.97 }, { kind: 'unique', columns: ['id'], count: 'all' }, percent(3)],
  ['expect_column_values_to_be_between', { column: 'n', min_value: 1, max_value: 1000, strict_max: true, mostly: 0.93 }, { kind: 'range', column: 'n', min: 1, max: 1000, exclusiveMax: true }, percent(7)],
  ['expect_column_values_to_be_in_set', { column: 'status', value_set: ['paid', 'shipped'] }, { kind: 'set', column: 'status', values: ['paid', 'shipped'] }, none],
  ['expect_column_values_to_not_be_in_set', { column: 'n', value_set: [0, 99] }, { kind: 'set', column: 'n', values: [0, 99], not: true }, none],
  ['expect_column_values_to_match_regex', { column: 'id', regex: '^A' }, { kind: 'pattern', column: 'id', patterns: ['^A'] }, none],
  ['expect_column_values_to_not_match_regex', { column: 'id', regex: '^A' }, { kind: 'pattern', column: 'id', patterns: ['^A'], not: true }, none],
  ['expect_column_values_to_match_regex_list', { column: 'id', regex_list: ['^A', 'B$'], match_on: 'all' }, { kind: 'pattern', column: 'id', patterns: ['^A', 'B$'], match: 'all' }, none],
  ['expect_column_values_to_not_match_regex_list', { column: 'id', regex_list: ['^A', 'B$'] }, { kind: 'pattern', column: 'id', patterns: ['^A', 'B$'], not: true }, none],
  ['expect_column_values_to_match_like_pattern', { column: 'id', like_pattern: 'A%' }, { kind: 'pattern', column: 'id', patterns: ['A%'], syntax: 'like' }, none],
  ['expect_column_values_to_not_match_like_pattern', { column: 'id', like_pattern: 'A%' }, { kind: 'pattern', column: 'id', patterns: ['A%'], syntax: 'like', not: true }, none],
  ['expect_column_values_to_match_like_pattern_list', { column: 'id', like_pattern_list: ['A%', 'B%'] }, { kind: 'pattern', column: 'id', patterns: ['A%', 'B%'], syntax: 'like' }, none],
  ['expect_column_values_to_not_match_like_pattern_list', { column: 'id', like_pattern_list: ['A%', 'B%'] }, { kind: 'pattern', column: 'id', patterns: ['A%', 'B%'], syntax: 'like', not: true }, none],
  ['expect_column_values_to_be_of_type', { column: 'id', type_: 'INTEGER' }, { kind: 'type', column: 'id', types: ['integer'] }, none],
  ['expect_column_values_to_be_in_type_list', { column: 'id', type_list: ['int64', 'float64', 'DoubleType'] }, { kind: 'type', column: 'id', types: ['integer', 'number'] }, none],
  ['expect_column_value_lengths_to_be_between', { column: 'id', min_value: 1, max_value: 9, strict_min: true }, { kind: 'length', column: 'id', min: 2, max: 9 }, none],
  ['expect_column_value_lengths_to_equal', { column: 'id', value: 5 }, { kind: 'length', column: 'id', min: 5, max: 5 }, none],
  ['expect_column_min_to_be_between', { column: 'at', min_value: '2024-01-01' }, { kind: 'statistic', column: 'at', statistic: 'min' }, { atLeast: 1_704_067_200, unit: 'instant' }],
  ['expect_column_max_to_be_between', { column: 'n', max_value: 10, strict_max: true }, { kind: 'statistic', column: 'n', statistic: 'max' }, { lessThan: 10, unit: 'value' }],
  ['expect_column_mean_to_be_between', { column: 'n', min_value: 1, max_value: 2 }, { kind: 'statistic', column: 'n', statistic: 'mean' }, { atLeast: 1, atMost: 2, unit: 'value' }],
  ['expect_column_median_to_be_between', { column: 'n', min_value: 1 }, { kind: 'statistic', column: 'n', statistic: 'median' }, { atLeast: 1, unit: 'value' }],
  ['expect_column_stdev_to_be_between', { column: 'n', max_value: 1 }, { kind: 'statistic', column: 'n', statistic: 'stdev' }, { atMost: 1, unit: 'value' }],
  ['expect_column_sum_to_be_between', { column: 'n', min_value: 0, strict_min: true }, { kind: 'statistic', column: 'n', statistic: 'sum' }, { greaterThan: 0, unit: 'value' }],
  [
    'expect_column_quantile_values_to_be_between',
    { column: 'n', quantile_ranges: { quantiles: [0.01, 0.99], value_ranges: [[1, null], [null, 1000]] } },
    { kind: 'quantileRange', column: 'n', quantiles: [{ quantile: 0.01, min: 1 }, { quantile: 0.99, max: 1000 }] },
    { equal: 0, unit: 'value' },
  ],
  ['expect_column_unique_value_count_to_be_between', { column: 'status', min_value: 2, max_value: 7 }, { kind: 'distinct', column: 'status' }, { atLeast: 2, atMost: 7, unit: 'value' }],
  ['expect_column_proportion_of_unique_values_to_be_between', { column: 'id', min_value: 0.97 }, { kind: 'distinct', column: 'id' }, { atLeast: 97, unit: 'percent', of: 'values' }],
  ['expect_column_proportion_of_non_null_values_to_be_between', { column: 'n', min_value: 0.9, strict_min: true }, { kind: 'nullShare', column: 'n' }, { lessThan: 10, unit: 'percent' }],
  ['expect_column_distinct_values_to_be_in_set', { column: 'status', value_set: ['paid'] }, { kind: 'set', column: 'status', values: ['paid'] }, { equal: 0, unit: 'rows' }],
  ['expect_column_distinct_values_to_equal_set', { column: 'status', value_set: ['paid'] }, { kind: 'distinctSet', column: 'status', values: ['paid'], exact: true }, { equal: 0, unit: 'value' }],
  ['expect_column_distinct_values_to_contain_set', { column: 'status', value_set: ['paid'] }, { kind: 'distinctSet', column: 'status', values: ['paid'] }, { equal: 0, unit: 'value' }],
  ['expect_column_to_exist', { column: 'n' }, { kind: 'columns', names: ['n'], others: true }, { equal: 0, unit: 'value' }],
  ['expect_column_pair_values_a_to_be_greater_than_b', { column_A: 'n', column_B: 'm', or_equal: true, mostly: 0.5 }, { kind: 'pair', columns: ['n', 'm'], skip: 'all', operator: '>=' }, percent(50)],
  ['expect_column_pair_values_to_be_equal', { column_A: 'n', column_B: 'm', ignore_row_if: 'either_value_is_missing' }, { kind: 'pair', columns: ['n', 'm'], skip: 'any', operator: '=' }, none],
  ['expect_column_pair_values_to_be_in_set', { column_A: 'status', column_B: 'n', value_pairs_set: [['paid', 1]], ignore_row_if: 'neither' }, { kind: 'pair', columns: ['status', 'n'], skip: 'none', operator: 'in', values: [['paid', 1]] }, none],
  ['expect_compound_columns_to_be_unique', { column_list: ['id', 'n'] }, { kind: 'unique', columns: ['id', 'n'], count: 'all', skip: 'all' }, none],
  ['expect_select_column_values_to_be_unique_within_record', { column_list: ['n', 'm'], ignore_row_if: 'never' }, { kind: 'row', predicate: '"n" is distinct from "m"', where: 'true' }, none],
  ['expect_multicolumn_values_to_be_equal', { column_list: ['n', 'm'] }, { kind: 'row', predicate: '"n" is not distinct from "m"', where: '("n" is not null or "m" is not null)' }, none],
  ['expect_multicolumn_sum_to_equal', { column_list: ['n', 'm'], sum_total: 10, ignore_row_if: 'any_value_is_missing' }, { kind: 'row', predicate: 'coalesce("n" + "m" = 10, false)', where: '"n" is not null and "m" is not null' }, none],
  ['expect_table_row_count_to_be_between', { min_value: 10000, max_value: 50000 }, { kind: 'count' }, { atLeast: 10_000, atMost: 50_000, unit: 'rows' }],
  ['expect_table_row_count_to_equal', { value: 5 }, { kind: 'count' }, { equal: 5, unit: 'rows' }],
  ['expect_table_column_count_to_be_between', { min_value: 1, max_value: 9 }, { kind: 'columns' }, { atLeast: 1, atMost: 9, unit: 'value' }],
  ['expect_table_column_count_to_equal', { value: 5 }, { kind: 'columns' }, { equal: 5, unit: 'value' }],
  ['expect_table_columns_to_match_set', { column_set: ['id', 'n'], exact_match: false }, { kind: 'columns', names: ['id', 'n'], others: true }, { equal: 0, unit: 'value' }],
];

describe('expectations of Great Expectations', () => {
  it.each(EXAMPLES)('%s is a check', (name, kwargs, measure, threshold) => {
    const { checks, problems } = expectation(name, kwargs);
    expect(problems).toEqual([]);
    expect(checks).toMatchObject([{ id: `orders.${name}`, severity: 'critical', measure, threshold }]);
    expect([checks[0]?.measure, checks[0]?.threshold]).toEqual([measure, threshold]);
  });

  it('have an example here for every name', () => expect(EXAMPLES.map(([name]) => name).toSorted()).toEqual(aliasNames('greatExpectations').toSorted()));

  it('may be text, of an older version, in a suite as it was exported, and take their column from their place', () => {
    const text = '|\n          type: expect_table_row_count_to_be_between\n          kwargs:\n            min_value: 10000\n            max_value: 50000';
    expect(rule(`type: custom\n        engine: greatExpectations\n        implementation: ${text}`).checks).toMatchObject([{ measure: { kind: 'count' }, threshold: { atLeast: 10_000, atMost: 50_000 } }]);
    const exported = { expectation_type: 'expect_column_values_to_be_between', kwargs: { column: 'n', min_value: 1, max_value: null, batch_id: 'x' }, meta: { note: 1 }, id: 'e', severity: 'warning' };
    expect(rule(`{ type: custom, engine: great-expectations, implementation: ${JSON.stringify(exported)} }`).checks).toMatchObject([{ severity: 'warning', measure: { kind: 'range', min: 1 } }]);
    const property = parseContract({ path: 'c.yaml', text: `${HEAD}      - { name: n, logicalType: integer, quality: [{ type: custom, engine: greatExpectations, implementation: { type: expect_column_values_to_be_unique } }] }\n` }, 'orders');
    expect(property.contract?.datasets[0]?.checks).toMatchObject([{ check: { id: 'orders.n.expect_column_values_to_be_unique', measure: { columns: ['n'] }, type: 'uniqueness' } }]);
  });

  it.each([
    ['an unknown name', 'expect_column_values_to_be_betwen', { column: 'n' }, 'INVALID_VALUE c.yaml:15:76', 'did you mean `expect_column_values_to_be_between`?'],
    ['one that needs an order of rows', 'expect_column_values_to_be_increasing', { column: 'n' }, 'INVALID_VALUE c.yaml:15:76', 'is not an expectation that can be measured here'],
    ['a misspelt argument', 'expect_column_values_to_be_between', { column: 'n', min_valu: 1 }, 'UNKNOWN_KEY c.yaml:15:', 'did you mean `min_value`?'],
    ['a missing argument', 'expect_column_values_to_be_in_set', { column: 'n' }, 'MISSING_KEY c.yaml:15:', '`value_set` is missing'],
    ['an argument of another type', 'expect_column_values_to_not_be_null', { column: 'n', mostly: '90%' }, 'INVALID_VALUE c.yaml:15:', '`mostly` must be a number'],
    ['a share above one', 'expect_column_values_to_not_be_null', { column: 'n', mostly: 95 }, 'INVALID_VALUE c.yaml:15:', 'the most is 1'],
    ['no column', 'expect_column_values_to_be_unique', {}, 'MISSING_KEY c.yaml:15:', 'does not say of which column'],
    ['an unknown column', 'expect_column_values_to_be_unique', { column: 'idd' }, 'INVALID_VALUE c.yaml:15:', 'did you mean `id`?'],
    ['fewer ranges than quantiles', 'expect_column_quantile_values_to_be_between', { column: 'n', quantile_ranges: { quantiles: [0.1, 0.9], value_ranges: [[1, 2]] } }, 'INVALID_VALUE c.yaml:15:', 'Give a range for each quantile.'],
    ['no bound', 'expect_table_row_count_to_be_between', {}, 'MISSING_KEY c.yaml:15:', 'Give a bound.'],
    ['a bound that is no date', 'expect_column_max_to_be_between', { column: 'at', max_value: 'soon' }, 'INVALID_VALUE c.yaml:15:', 'no number, date or time'],
    ['a condition on rows, which would be left out silently', 'expect_column_values_to_be_unique', { column: 'id', row_condition: 'n > 1' }, 'UNKNOWN_KEY c.yaml:15:', 'row_condition'],
  ])('with %s are refused at their place', (_what, name, kwargs, problem, message) => {
    const { problems, messages } = expectation(name, kwargs);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
    expect(messages[0]).toContain(message);
  });
});

describe('checks of our own', () => {
  const own = (line: string) => rule(`{ type: custom, engine: weir, implementation: ${line} }`);

  it.each<[string, Measure, Threshold]>([
    ['{ check: range, column: n, min: 1, max: 5 }', { kind: 'range', column: 'n', min: 1, max: 5 }, { equal: 0, unit: 'rows' }],
    ['{ check: range, column: n, min: 1, mostly: 0.99 }', { kind: 'range', column: 'n', min: 1 }, percent(1)],
    ['{ check: nullShare, column: n, missing: [0], mustBeLessOrEqualTo: 30, unit: percent }', { kind: 'nullShare', column: 'n', missing: [0] }, { atMost: 30, unit: 'percent' }],
    ['{ check: set, column: status, values: [paid], mustBeLessThan: 5, unit: percent, ofValues: true }', { kind: 'set', column: 'status', values: ['paid'] }, { lessThan: 5, unit: 'percent', of: 'values' }],
    ['{ check: freshness, column: at, maxAge: 2h }', { kind: 'freshness', column: 'at' }, { atMost: 7_200, unit: 'seconds' }],
    ['{ check: volume, mustBeBetween: [0.5, 2] }', { kind: 'volume', last: 7, atLeast: 3 }, { between: [0.5, 2], unit: 'value' }],
    ['{ check: volume, last: 30, atLeast: 10, mustBeGreaterThan: 0.5 }', { kind: 'volume', last: 30, atLeast: 10 }, { greaterThan: 0.5, unit: 'value' }],
    ['{ check: statistic, column: at, statistic: max, mustBeGreaterThan: "2024-01-01" }', { kind: 'statistic', column: 'at', statistic: 'max' }, { greaterThan: 1_704_067_200, unit: 'instant' }],
    ['{ check: distinct, column: status, unit: percent, mustBeGreaterThan: 1 }', { kind: 'distinct', column: 'status' }, { greaterThan: 1, unit: 'percent', of: 'values' }],
    ['{ check: reference, columns: [id], dataset: shop.customers, in: [id] }', { kind: 'reference', columns: ['id'], dataset: 'shop.customers', in: ['id'] }, { equal: 0, unit: 'rows' }],
    ['{ check: sql, query: "select count(*) from ${object}", mustBe: 1 }', { kind: 'sql', query: 'select count(*) from ${dataset}' }, { equal: 1, unit: 'value' }],
    ['"check: pair\\ncolumns: [n, m]\\noperator: <="', { kind: 'pair', columns: ['n', 'm'], operator: '<=' }, { equal: 0, unit: 'rows' }],
  ])('%s', (line, measure, threshold) => {
    const { checks, problems } = own(line);
    expect(problems).toEqual([]);
    expect(checks).toEqual([{ id: `orders.${measure.kind}`, severity: 'critical', type: expect.any(String), measure, threshold }]);
  });

  it.each([
    ['an unknown name', '{ check: rang, column: n }', 'INVALID_VALUE c.yaml:15:64', 'did you mean `range`?'],
    ['a misspelt argument', '{ check: range, column: n, mim: 1 }', 'UNKNOWN_KEY c.yaml:15:82', 'did you mean `min`?'],
    ['a missing argument', '{ check: pair, columns: [n, m] }', 'MISSING_KEY c.yaml:15:55', '`operator` is missing from a check pair'],
    ['no number to hold it against', '{ check: count }', 'MISSING_KEY c.yaml:15:55', 'does not say what the number must be'],
    ['a share beside a number', '{ check: range, column: n, min: 1, mostly: 0.9, mustBe: 1 }', 'INVALID_VALUE c.yaml:15:98', '`mostly` stands beside an operator.'],
    ['percent of what has no share', '{ check: count, mustBe: 1, unit: percent }', 'UNKNOWN_KEY c.yaml:15:82', 'unit'],
    ['an age that is none', '{ check: freshness, column: at, maxAge: soon }', 'INVALID_VALUE c.yaml:15:95', 'a duration such as 2h'],
    ['a range backwards', '{ check: volume, mustBeBetween: [2, 0.5] }', 'INVALID_VALUE c.yaml:15:', 'Write the smaller number first.'],
    ['an unknown column', '{ check: pair, columns: [n, mm], operator: <= }', 'INVALID_VALUE c.yaml:15:55', 'did you mean `m`?'],
    ['a date for a count', '{ check: count, mustBe: "2024-01-01" }', 'INVALID_VALUE c.yaml:15:55', 'no date or time'],
  ])('with %s are refused at their place', (_what, line, problem, message) => {
    const { problems, messages } = own(line);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
    expect(messages[0]).toContain(message);
  });

  it('take their column from their place', () => {
    const { contract } = parseContract({ path: 'c.yaml', text: `${HEAD}      - { name: n, logicalType: integer, quality: [{ type: custom, engine: weir, name: Small, implementation: { check: range, max: 5 }, severity: info, dimension: conformity }, { type: custom, engine: weir, implementation: { check: unique } }] }\n` }, 'orders');
    expect(contract?.datasets[0]?.checks.map(({ check }) => check)).toEqual([
      { id: 'orders.small', severity: 'info', type: 'conformity', measure: { kind: 'range', column: 'n', max: 5 }, threshold: { equal: 0, unit: 'rows' } },
      { id: 'orders.n.unique', severity: 'critical', type: 'uniqueness', measure: { kind: 'unique', columns: ['n'] }, threshold: { equal: 0, unit: 'rows' } },
    ]);
  });
});
