import { compileDefinition, type Check } from '@weir/core';
import { inspector } from '@weir/engine';
import { withTable, type Cell } from './testing/check-table';

const COLUMNS = { id: 'VARCHAR', n: 'BIGINT', m: 'BIGINT', status: 'VARCHAR', at: 'TIMESTAMP' } as const;
const LOGICAL = { VARCHAR: 'string', BIGINT: 'integer', TIMESTAMP: 'timestamp' } as const;

const ROWS: readonly (readonly Cell[])[] = [
  ['A1', 1, 1, 'paid', '2024-01-01'],
  ['A2', 2, 1, 'paid', '2024-01-02'],
  ['A2', 3, 3, 'shipped', '2024-01-03'],
  ['B1', null, null, 'lost', '2024-01-04'],
  [null, 5, 4, null, '2024-01-05'],
  ['C1', 6, null, 'paid', null],
  ['é1', null, 2, 'shipped', '2024-01-07'],
  ['D10', 8, 8, 'paid', '2024-01-08'],
  ['D10', 8, 2, 'paid', '2024-01-08'],
  ['12', 10, 0, 'refunded', '2024-01-10'],
];

/** What Great Expectations 1.24.1 says of these rows in a pandas frame: whether the expectation holds, and how many rows are unexpected, where it counts rows. */
const RESULTS: readonly (readonly [name: string, kwargs: object, success: boolean, unexpected: number | null])[] = [
  ['expect_column_values_to_not_be_null', { column: 'n' }, false, 2],
  ['expect_column_values_to_not_be_null', { column: 'n', mostly: 0.8 }, true, 2],
  ['expect_column_values_to_be_null', { column: 'n' }, false, 8],
  ['expect_column_values_to_be_unique', { column: 'id' }, false, 4],
  ['expect_column_values_to_be_unique', { column: 'id', mostly: 0.55 }, true, 4],
  ['expect_column_values_to_be_unique', { column: 'id', mostly: 0.56 }, false, 4],
  ['expect_column_values_to_be_between', { column: 'n', min_value: 2, max_value: 8 }, false, 2],
  ['expect_column_values_to_be_between', { column: 'n', min_value: 2, max_value: 8, strict_min: true, strict_max: true }, false, 5],
  ['expect_column_values_to_be_between', { column: 'n', min_value: 2, max_value: 8, mostly: 0.75 }, true, 2],
  ['expect_column_values_to_be_between', { column: 'n', min_value: 2, max_value: 8, mostly: 0.76 }, false, 2],
  ['expect_column_values_to_be_between', { column: 'at', min_value: '2024-01-02', max_value: '2024-01-08' }, false, 2],
  ['expect_column_values_to_be_in_set', { column: 'status', value_set: ['paid', 'shipped'] }, false, 2],
  ['expect_column_values_to_be_in_set', { column: 'n', value_set: [1, 2, 3] }, false, 5],
  ['expect_column_values_to_not_be_in_set', { column: 'status', value_set: ['paid', 'lost'] }, false, 6],
  ['expect_column_values_to_match_regex', { column: 'id', regex: '[0-9]$' }, true, 0],
  ['expect_column_values_to_match_regex', { column: 'id', regex: '1' }, false, 2],
  ['expect_column_values_to_not_match_regex', { column: 'id', regex: '^A' }, false, 3],
  ['expect_column_values_to_match_regex_list', { column: 'id', regex_list: ['^A', '1$'] }, false, 3],
  ['expect_column_values_to_match_regex_list', { column: 'id', regex_list: ['^A', '1$'], match_on: 'all' }, false, 8],
  ['expect_column_values_to_not_match_regex_list', { column: 'id', regex_list: ['^A', '0$'] }, false, 5],
  ['expect_column_values_to_be_of_type', { column: 'id', type_: 'str' }, true, null],
  ['expect_column_value_lengths_to_be_between', { column: 'id', min_value: 2, max_value: 2 }, false, 2],
  ['expect_column_value_lengths_to_equal', { column: 'id', value: 3 }, false, 7],
  ['expect_column_min_to_be_between', { column: 'n', min_value: 1, max_value: 1 }, true, null],
  ['expect_column_max_to_be_between', { column: 'at', min_value: '2024-01-10', max_value: '2024-01-11' }, true, null],
  ['expect_column_max_to_be_between', { column: 'n', max_value: 10, strict_max: true }, false, null],
  ['expect_column_mean_to_be_between', { column: 'n', min_value: 5.375, max_value: 5.375 }, true, null],
  ['expect_column_median_to_be_between', { column: 'n', min_value: 5.5, max_value: 5.5 }, true, null],
  ['expect_column_stdev_to_be_between', { column: 'n', min_value: 3.2, max_value: 3.21 }, true, null],
  ['expect_column_sum_to_be_between', { column: 'n', min_value: 43, max_value: 43 }, true, null],
  ['expect_column_unique_value_count_to_be_between', { column: 'status', min_value: 4, max_value: 4 }, true, null],
  ['expect_column_proportion_of_unique_values_to_be_between', { column: 'status', min_value: 0.44, max_value: 0.45 }, true, null],
  ['expect_column_proportion_of_non_null_values_to_be_between', { column: 'n', min_value: 0.8, max_value: 0.8 }, true, null],
  ['expect_column_proportion_of_non_null_values_to_be_between', { column: 'n', min_value: 0.8, strict_min: true }, false, null],
  ['expect_column_distinct_values_to_be_in_set', { column: 'status', value_set: ['paid', 'shipped', 'lost', 'refunded', 'x'] }, true, null],
  ['expect_column_distinct_values_to_be_in_set', { column: 'status', value_set: ['paid'] }, false, null],
  ['expect_column_distinct_values_to_equal_set', { column: 'status', value_set: ['paid', 'shipped', 'lost', 'refunded'] }, true, null],
  ['expect_column_distinct_values_to_equal_set', { column: 'status', value_set: ['paid', 'shipped', 'lost'] }, false, null],
  ['expect_column_distinct_values_to_contain_set', { column: 'status', value_set: ['paid', 'lost'] }, true, null],
  ['expect_column_distinct_values_to_contain_set', { column: 'status', value_set: ['paid', 'x'] }, false, null],
  ['expect_column_to_exist', { column: 'n' }, true, null],
  ['expect_column_pair_values_a_to_be_greater_than_b', { column_A: 'n', column_B: 'm', or_equal: true }, false, 2],
  ['expect_column_pair_values_a_to_be_greater_than_b', { column_A: 'n', column_B: 'm', ignore_row_if: 'either_value_is_missing' }, false, 3],
  ['expect_column_pair_values_to_be_equal', { column_A: 'n', column_B: 'm' }, false, 6],
  ['expect_column_pair_values_to_be_equal', { column_A: 'n', column_B: 'm', ignore_row_if: 'either_value_is_missing', mostly: 0.4 }, true, 4],
  ['expect_column_pair_values_to_be_in_set', { column_A: 'status', column_B: 'n', value_pairs_set: [['paid', 1], ['paid', 8], ['shipped', 3]], ignore_row_if: 'either_value_is_missing' }, false, 3],
  ['expect_compound_columns_to_be_unique', { column_list: ['id', 'status'] }, false, 2],
  ['expect_compound_columns_to_be_unique', { column_list: ['id', 'n'] }, false, 2],
  ['expect_select_column_values_to_be_unique_within_record', { column_list: ['n', 'm'] }, false, 3],
  ['expect_select_column_values_to_be_unique_within_record', { column_list: ['n', 'm'], ignore_row_if: 'any_value_is_missing' }, false, 3],
  ['expect_multicolumn_values_to_be_equal', { column_list: ['n', 'm'], ignore_row_if: 'any_value_is_missing' }, false, 4],
  ['expect_multicolumn_values_to_be_equal', { column_list: ['n', 'm'] }, false, 6],
  ['expect_multicolumn_sum_to_equal', { column_list: ['n', 'm'], sum_total: 6 }, false, 8],
  ['expect_multicolumn_sum_to_equal', { column_list: ['n', 'm'], sum_total: 6, ignore_row_if: 'any_value_is_missing' }, false, 6],
  ['expect_table_row_count_to_be_between', { min_value: 10, max_value: 10 }, true, null],
  ['expect_table_row_count_to_equal', { value: 9 }, false, null],
  ['expect_table_column_count_to_equal', { value: 5 }, true, null],
  ['expect_table_column_count_to_be_between', { min_value: 6 }, false, null],
  ['expect_table_columns_to_match_set', { column_set: ['at', 'id', 'n', 'm', 'status'] }, true, null],
  ['expect_table_columns_to_match_set', { column_set: ['id', 'n'] }, false, null],
  ['expect_table_columns_to_match_set', { column_set: ['id', 'n'], exact_match: false }, true, null],
];

/** A check as apply makes it of an expectation. */
async function checkOf(type: string, kwargs: object): Promise<Check> {
  const properties = Object.entries(COLUMNS).map(([name, column]) => ({ name, logicalType: LOGICAL[column] }));
  const quality = [{ type: 'custom', engine: 'greatExpectations', implementation: { type, kwargs } }];
  const contract = { apiVersion: 'v3.1.0', kind: 'DataContract', id: 'c', version: '1', status: 'active', schema: [{ name: 't', properties, quality }] };
  const files = [
    { path: 'pipeline.yaml', text: 'name: p\nsource: { dataset: t, type: file, path: x.csv }\ndestinations: [{ connection: warehouse, schema: p }]\n' },
    { path: 'contract.odcs.yaml', text: JSON.stringify(contract) },
    { path: 'models/silver/m.sql', text: 'select id from bronze.t' },
  ];
  const compiled = await compileDefinition(files, '/', inspector, { newest: () => Promise.resolve(undefined), names: () => Promise.resolve([]) });
  const [check] = 'problems' in compiled ? [] : (compiled.definition.contract.datasets[0]?.checks ?? []);
  if (!check) throw new Error(JSON.stringify(compiled));
  return check;
}

it.each(RESULTS)('%s of %j is %s here too', (name, kwargs, success, unexpected) =>
  withTable(COLUMNS, async (table) => {
    const { measure, threshold } = await checkOf(name, kwargs);
    const outcome = await table.judge(ROWS, measure, threshold);
    expect(outcome.error).toBeUndefined();
    expect({ passed: outcome.passed, failed: unexpected === null ? null : outcome.failed }).toEqual({ passed: success, failed: unexpected });
  }),
);
