import { compileDefinition, type ContractDataset } from '@weir/core';
import { inspector } from '@weir/engine';

const STATUSES = ['created', 'paid', 'shipped', 'delivered', 'cancelled', 'refunded', 'on_hold'];
const EMAIL = '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}$';

/** The ten checks that the scripts of other tools do with Great Expectations, under its names. */
const TEN: Readonly<Record<string, readonly [type: string, kwargs: object]>> = {
  order_id_there: ['expect_column_values_to_not_be_null', { column: 'order_id' }],
  customer_id_there: ['expect_column_values_to_not_be_null', { column: 'customer_id' }],
  email_there: ['expect_column_values_to_not_be_null', { column: 'email' }],
  updated_at_there: ['expect_column_values_to_not_be_null', { column: 'updated_at', mostly: 0.99 }],
  order_id_unique: ['expect_column_values_to_be_unique', { column: 'order_id', mostly: 0.97 }],
  quantity_range: ['expect_column_values_to_be_between', { column: 'quantity', min_value: 1, max_value: 1000, mostly: 0.99 }],
  unit_price_quantiles: ['expect_column_quantile_values_to_be_between', { column: 'unit_price', quantile_ranges: { quantiles: [0.01, 0.99], value_ranges: [[1, 10], [10, 1000]] } }],
  email_form: ['expect_column_values_to_match_regex', { column: 'email', regex: EMAIL, mostly: 0.99 }],
  status_known: ['expect_column_values_to_be_in_set', { column: 'status', value_set: STATUSES, mostly: 0.99 }],
  created_at_fresh: ['expect_column_max_to_be_between', { column: 'created_at', min_value: '2026-03-30', max_value: '2026-04-01' }],
};

/** Fifteen more, of the other kinds. */
const FIFTEEN: Readonly<Record<string, object>> = {
  sku_form: { check: 'pattern', column: 'sku', patterns: ['^SKU-[0-9]{5}$'] },
  sku_length: { check: 'length', column: 'sku', min: 9, max: 9 },
  currency_known: { check: 'set', column: 'currency', values: ['USD', 'GBP', 'EUR', 'SEK', 'NOK', 'DKK', 'PLN', 'CZK', 'CHF', 'HUF', 'RON', 'BGN'] },
  country_length: { check: 'length', column: 'country', min: 2, max: 2 },
  country_count: { check: 'distinct', column: 'country', mustBe: 24 },
  status_all: { check: 'distinctSet', column: 'status', values: STATUSES },
  row_count: { check: 'count', mustBeGreaterThan: 0 },
  unit_price_range: { check: 'range', column: 'unit_price', min: 0.5, max: 5000 },
  unit_price_mean: { check: 'statistic', column: 'unit_price', statistic: 'mean', mustBeBetween: [30, 45] },
  unit_price_spread: { check: 'statistic', column: 'unit_price', statistic: 'stdev', mustBeLessThan: 100 },
  updated_after_created: { check: 'pair', columns: ['updated_at', 'created_at'], operator: '>=' },
  order_below_limit: { check: 'row', predicate: 'quantity * unit_price <= 50000' },
  created_at_age: { check: 'freshness', column: 'created_at', maxAge: '2d' },
  order_and_sku_unique: { check: 'unique', columns: ['order_id', 'sku'], mustBeLessOrEqualTo: 2, unit: 'percent' },
  country_and_currency: { check: 'row', predicate: "country <> 'US' or currency = 'USD'" },
};

/** Columns of an orders file, in order, with their types. */
export const COLUMNS = { order_id: 'string', customer_id: 'integer', email: 'string', sku: 'string', quantity: 'integer', unit_price: 'number', currency: 'string', status: 'string', country: 'string', created_at: 'timestamp', updated_at: 'timestamp' };

/** The ten checks as a contract has them. */
export function tenRules(): object[] {
  return Object.entries(TEN).map(([name, [type, kwargs]]) => rule(name, 'greatExpectations', { type, kwargs }));
}

function rule(name: string, engine: string, implementation: object): object {
  return { type: 'custom', engine, name, severity: 'warning', implementation };
}

/** As JSON, which is YAML. */
function contract(which: 'ten' | 'all'): string {
  const more = which === 'ten' ? [] : Object.entries(FIFTEEN).map(([name, implementation]) => rule(name, 'weir', implementation));
  const properties = Object.entries(COLUMNS).map(([name, logicalType]) => ({ name, logicalType }));
  return JSON.stringify({ apiVersion: 'v3.1.0', kind: 'DataContract', id: 'orders', version: '1.0.0', status: 'active', schema: [{ name: 'orders', properties, quality: [...tenRules(), ...more] }] });
}

const PIPELINE = 'name: orders\nsource: { dataset: orders, type: file, path: orders.csv }\ndestinations: [{ connection: warehouse, schema: orders }]\n';

/** The contract of the orders file, compiled as apply does it: with its ten checks, or all 25. */
export async function ordersContract(which: 'ten' | 'all'): Promise<ContractDataset> {
  const files = [{ path: 'pipeline.yaml', text: PIPELINE }, { path: 'contract.odcs.yaml', text: contract(which) }, { path: 'models/silver/lines.sql', text: 'select order_id from bronze.orders' }];
  const compiled = await compileDefinition(files, '/', inspector, { newest: () => Promise.resolve(undefined), names: () => Promise.resolve([]) });
  if ('problems' in compiled) throw new Error(compiled.problems.map(({ place, message }) => `${place} ${message}`).join('\n'));
  const [dataset] = compiled.definition.contract.datasets;
  if (!dataset) throw new Error('The contract has no dataset.');
  return dataset;
}
