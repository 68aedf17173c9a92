import type { Threshold } from '../check';
import type { Measure, MeasureKind } from '../measure';
import { COLUMN } from '../primitive/primitive';
import { aliasSchema, type Alias, type AliasCall } from './alias';
import { boundsThreshold, GE, lengthOf, mostlyThreshold, quantilesOf, rangeOf, typesNamed } from './great-expectations-arguments';

/** Expectations about the values of one column, each of which is good or not: `mostly` is the share of values that must be good. */
const COLUMN_MAPS: readonly Alias[] = [
  columnMap('expect_column_values_to_not_be_null', 'nullShare', {}, [], ({ column }) => ({ kind: 'nullShare', column }), 'rows'),
  columnMap('expect_column_values_to_be_null', 'nullShare', {}, [], ({ column }) => ({ kind: 'nullShare', column, wanted: 'null' }), 'rows'),
  columnMap('expect_column_values_to_be_unique', 'unique', {}, [], ({ column }) => ({ kind: 'unique', columns: [column], count: 'all' })),
  columnMap('expect_column_values_to_be_between', 'range', GE.bounds, [], rangeOf),
  columnMap('expect_column_values_to_be_in_set', 'set', { value_set: GE.values }, ['value_set'], ({ column, args }) => ({ kind: 'set', column, values: args['value_set'] as string[] })),
  columnMap('expect_column_values_to_not_be_in_set', 'set', { value_set: GE.values }, ['value_set'], ({ column, args }) => ({ kind: 'set', column, values: args['value_set'] as string[], not: true })),
  columnMap('expect_column_values_to_match_regex', 'pattern', { regex: GE.text }, ['regex'], patterns('regex')),
  columnMap('expect_column_values_to_not_match_regex', 'pattern', { regex: GE.text }, ['regex'], patterns('regex', { not: true })),
  columnMap('expect_column_values_to_match_regex_list', 'pattern', { regex_list: GE.texts, match_on: GE.matchOn }, ['regex_list'], patterns('regex_list')),
  columnMap('expect_column_values_to_not_match_regex_list', 'pattern', { regex_list: GE.texts }, ['regex_list'], patterns('regex_list', { not: true })),
  columnMap('expect_column_values_to_match_like_pattern', 'pattern', { like_pattern: GE.text }, ['like_pattern'], patterns('like_pattern', { syntax: 'like' })),
  columnMap('expect_column_values_to_not_match_like_pattern', 'pattern', { like_pattern: GE.text }, ['like_pattern'], patterns('like_pattern', { syntax: 'like', not: true })),
  columnMap('expect_column_values_to_match_like_pattern_list', 'pattern', { like_pattern_list: GE.texts, match_on: GE.matchOn }, ['like_pattern_list'], patterns('like_pattern_list', { syntax: 'like' })),
  columnMap('expect_column_values_to_not_match_like_pattern_list', 'pattern', { like_pattern_list: GE.texts }, ['like_pattern_list'], patterns('like_pattern_list', { syntax: 'like', not: true })),
  columnMap('expect_column_values_to_be_of_type', 'type', { type_: GE.type }, ['type_'], ({ column, args }) => ({ kind: 'type', column, types: typesNamed([args['type_'] as string]) })),
  columnMap('expect_column_values_to_be_in_type_list', 'type', { type_list: { type: 'array', minItems: 1, items: GE.type, description: 'a list of types.' } }, ['type_list'], ({ column, args }) => ({ kind: 'type', column, types: typesNamed(args['type_list'] as string[]) })),
  columnMap('expect_column_value_lengths_to_be_between', 'length', GE.wholeBounds, [], lengthOf),
  columnMap('expect_column_value_lengths_to_equal', 'length', { value: GE.whole }, ['value'], ({ column, args }) => ({ kind: 'length', column, min: args['value'] as number, max: args['value'] as number })),
];

/** Expectations about one number of a column. */
const COLUMN_NUMBERS: readonly Alias[] = [
  ...(['min', 'max', 'mean', 'median', 'stdev', 'sum'] as const).map((statistic) => columnNumber(`expect_column_${statistic}_to_be_between`, 'statistic', GE.bounds, ({ column }) => ({ kind: 'statistic', column, statistic }), boundsThreshold('value'))),
  columnNumber('expect_column_unique_value_count_to_be_between', 'distinct', GE.bounds, ({ column }) => ({ kind: 'distinct', column }), boundsThreshold('value')),
  columnNumber('expect_column_proportion_of_unique_values_to_be_between', 'distinct', GE.shares, ({ column }) => ({ kind: 'distinct', column }), (args) => ({ ...boundsThreshold('percent', (share) => share * 100)(args), of: 'values' })),
  columnNumber('expect_column_proportion_of_non_null_values_to_be_between', 'nullShare', GE.shares, ({ column }) => ({ kind: 'nullShare', column }), turnedRound),
  {
    name: 'expect_column_quantile_values_to_be_between',
    vocabulary: 'greatExpectations',
    primitive: 'quantileRange',
    about: 'column',
    schema: aliasSchema('set of arguments', { column: COLUMN, quantile_ranges: GE.quantileRanges }, ['quantile_ranges']),
    map: quantilesOf,
  },
  columnNumber('expect_column_distinct_values_to_be_in_set', 'set', { value_set: GE.values }, ({ column, args }) => ({ kind: 'set', column, values: args['value_set'] as string[] }), none('rows'), ['value_set']),
  columnNumber('expect_column_distinct_values_to_equal_set', 'distinctSet', { value_set: GE.values }, ({ column, args }) => ({ kind: 'distinctSet', column, values: args['value_set'] as string[], exact: true }), none('value'), ['value_set']),
  columnNumber('expect_column_distinct_values_to_contain_set', 'distinctSet', { value_set: GE.values }, ({ column, args }) => ({ kind: 'distinctSet', column, values: args['value_set'] as string[] }), none('value'), ['value_set']),
  columnNumber('expect_column_to_exist', 'columns', {}, ({ column }) => ({ kind: 'columns', names: [column], others: true }), none('value')),
];

/** Expectations about columns of one dataset. */
const DATASET_ALIASES: readonly Alias[] = [
  pairMap('expect_column_pair_values_a_to_be_greater_than_b', { or_equal: GE.flag }, [], ({ args }) => ({ operator: args['or_equal'] === true ? '>=' : '>' })),
  pairMap('expect_column_pair_values_to_be_equal', {}, [], () => ({ operator: '=' })),
  pairMap('expect_column_pair_values_to_be_in_set', { value_pairs_set: GE.pairs }, ['value_pairs_set'], ({ args }) => ({ operator: 'in', values: args['value_pairs_set'] as [string, string][] })),
  datasetMap('expect_compound_columns_to_be_unique', 'unique', {}, ({ args, columns }) => ({ kind: 'unique', columns, count: 'all', skip: GE.skipOf(args) })),
  datasetMap('expect_select_column_values_to_be_unique_within_record', 'row', {}, ({ args, columns }) => GE.rowRule(args, columns, columns.flatMap((one, n) => columns.slice(n + 1).map((other) => `${GE.name(one)} is distinct from ${GE.name(other)}`)).join(' and ') || 'true')),
  datasetMap('expect_multicolumn_values_to_be_equal', 'row', {}, ({ args, columns }) => GE.rowRule(args, columns, columns.slice(1).map((other) => `${GE.name(columns[0] ?? '')} is not distinct from ${GE.name(other)}`).join(' and ') || 'true')),
  // With a null there is no sum, and the row is not as expected.
  datasetMap('expect_multicolumn_sum_to_equal', 'row', { sum_total: GE.number }, ({ args, columns }) => GE.rowRule(args, columns, `coalesce(${columns.map(GE.name).join(' + ')} = ${GE.literal(args['sum_total'] as number)}, false)`), ['sum_total']),
  table('expect_table_row_count_to_be_between', 'count', GE.wholeBounds, [], () => ({ kind: 'count' }), boundsThreshold('rows')),
  table('expect_table_row_count_to_equal', 'count', { value: GE.whole }, ['value'], () => ({ kind: 'count' }), (args) => ({ equal: args['value'] as number, unit: 'rows' })),
  table('expect_table_column_count_to_be_between', 'columns', GE.wholeBounds, [], () => ({ kind: 'columns' }), boundsThreshold('value')),
  table('expect_table_column_count_to_equal', 'columns', { value: GE.whole }, ['value'], () => ({ kind: 'columns' }), (args) => ({ equal: args['value'] as number, unit: 'value' })),
  table('expect_table_columns_to_match_set', 'columns', { column_set: GE.columns, exact_match: GE.flag }, ['column_set'], (args) => ({ kind: 'columns', names: args['column_set'] as string[], ...(args['exact_match'] === false ? { others: true } : {}) }), none('value')),
];

/** Expectations of Great Expectations 1.x by their names there. Those that need an order of rows, another data source or a model of a distribution are not among them. */
export const GREAT_EXPECTATIONS_ALIASES: readonly Alias[] = [...COLUMN_MAPS, ...COLUMN_NUMBERS, ...DATASET_ALIASES];

type Properties = Alias['schema']['properties'];
type Args = AliasCall['args'];

function columnMap(name: string, primitive: MeasureKind, properties: Properties, required: readonly string[], measure: (call: AliasCall) => Measure, of: 'values' | 'rows' = 'values'): Alias {
  const schema = aliasSchema('set of arguments', { column: COLUMN, ...properties, mostly: GE.mostly }, required);
  return { name, vocabulary: 'greatExpectations', primitive, about: 'column', schema, map: (call) => ({ measure: measure(call), threshold: mostlyThreshold(call.args, of) }) };
}

function columnNumber(name: string, primitive: MeasureKind, properties: Properties, measure: (call: AliasCall) => Measure, threshold: (args: Args) => Threshold, required: readonly string[] = []): Alias {
  const schema = aliasSchema('set of arguments', { column: COLUMN, ...properties }, required);
  return { name, vocabulary: 'greatExpectations', primitive, about: 'column', schema, map: (call) => ({ measure: measure(call), threshold: threshold(call.args) }) };
}

function pairMap(name: string, properties: Properties, required: readonly string[], rest: (call: AliasCall) => Pick<Extract<Measure, { kind: 'pair' }>, 'operator' | 'values'>): Alias {
  const schema = aliasSchema('set of arguments', { column_A: COLUMN, column_B: COLUMN, ...properties, ignore_row_if: GE.ignoreRowIf, mostly: GE.mostly }, ['column_A', 'column_B', ...required]);
  const measure = (call: AliasCall): Measure => ({ kind: 'pair', columns: [call.args['column_A'] as string, call.args['column_B'] as string], skip: GE.skipOf(call.args), ...rest(call) });
  return { name, vocabulary: 'greatExpectations', primitive: 'pair', about: 'dataset', schema, map: (call) => ({ measure: measure(call), threshold: mostlyThreshold(call.args, 'values') }) };
}

function datasetMap(name: string, primitive: MeasureKind, properties: Properties, measure: (call: { args: Args; columns: readonly string[] }) => Measure, required: readonly string[] = []): Alias {
  const schema = aliasSchema('set of arguments', { column_list: GE.columns, ...properties, ignore_row_if: GE.ignoreRowIf, mostly: GE.mostly }, ['column_list', ...required]);
  return { name, vocabulary: 'greatExpectations', primitive, about: 'dataset', schema, map: ({ args }) => ({ measure: measure({ args, columns: args['column_list'] as string[] }), threshold: mostlyThreshold(args, 'values') }) };
}

function table(name: string, primitive: MeasureKind, properties: Properties, required: readonly string[], measure: (args: Args) => Measure, threshold: (args: Args) => Threshold): Alias {
  return { name, vocabulary: 'greatExpectations', primitive, about: 'dataset', schema: aliasSchema('set of arguments', properties, required), map: ({ args }) => ({ measure: measure(args), threshold: threshold(args) }) };
}

function patterns(key: string, rest: { not?: true; syntax?: 'like' } = {}): (call: AliasCall) => Measure {
  return ({ args, column }) => ({ kind: 'pattern', column, patterns: [args[key] as string | string[]].flat(), ...rest, ...(args['match_on'] === 'all' ? { match: 'all' } : {}) });
}

/** A share of values that are there, as one of those that are not. */
function turnedRound(args: Args): Threshold {
  const { greaterThan, atLeast, lessThan, atMost } = boundsThreshold('percent', (share) => share * 100)(args);
  const rest = (share: number): number => Number((100 - share).toFixed(10));
  return {
    ...(greaterThan === undefined ? {} : { lessThan: rest(greaterThan) }),
    ...(atLeast === undefined ? {} : { atMost: rest(atLeast) }),
    ...(lessThan === undefined ? {} : { greaterThan: rest(lessThan) }),
    ...(atMost === undefined ? {} : { atLeast: rest(atMost) }),
    unit: 'percent',
  };
}

function none(unit: 'rows' | 'value'): () => Threshold {
  return () => ({ equal: 0, unit });
}
