import { colour, count } from '../output';
import { endComparisons } from './drift-run';
import { changedColumn, sumsOf } from './drift-sheet';
import type { DriftStage } from './drift-stage';
import type { Told } from './drift-day';
import { checkLines } from './drift-tables';

const DATE = '2010-12-08';
const MODELS = ['silver/lines', 'gold/revenue_by_day_country', 'gold/top_products_by_day', 'gold/customer_features'].map((model) => `models/${model}.sql`);
/** Columns of tables that must follow, with their types before and after. */
const WIDENED = [
  ['lines', 'unit_price', 'numeric(12,3)', 'numeric(14,4)'],
  ['lines', 'total', 'numeric(18,3)', 'numeric(19,4)'],
  ['revenue_by_day_country', 'revenue', 'numeric(18,3)', 'numeric(19,4)'],
  ['customer_features', 'monetary', 'numeric(18,3)', 'numeric(19,4)'],
] as const;
/** Lines of the days before. */
const LINES_BEFORE = 987;

/** A day whose prices have one decimal more: the contract's type becomes wider, models follow, and so do the columns of tables, in the load that brings the first such rows. */
export async function playWidened(stage: DriftStage): Promise<Told> {
  stage.title(`${DATE}  A wider type`);
  stage.say('the data', 'all 200 prices have four decimals, such as 2.5507');
  stage.say('the contract', '- name: unit_price', '  physicalType: decimal(14,4)    # was decimal(12,3)');
  stage.say('the models', 'what they make of prices becomes decimal(19, 4), which was decimal(18, 3)');
  await stage.folder.edit([{ path: 'contract.odcs.yaml', from: 'physicalType: decimal(12,3)', to: 'physicalType: decimal(14,4)' }]);
  await stage.folder.editAll(MODELS, 'decimal(18, 3)', 'decimal(19, 4)');
  const { contract, breaking } = await stage.dryRun();
  stage.check(DATE, [{ what: 'what the contract changes', expected: 'order_lines unit_price DECIMAL(12,3) → DECIMAL(14,4), breaking false', found: `${contract.map(({ dataset, columns, before, after }) => `${dataset} ${columns.join()} ${before} → ${after}`).join('; ')}, breaking ${breaking}` }]);
  stage.say('… dry run', `breaks ${contract.flatMap(({ breaks }) => breaks).join(', ')} compatibility, which the mode ${contract[0]?.mode} allows: the new contract reads what the old one wrote`);
  await stage.apply();
  const sheet = changedColumn(stage.day(DATE), 'UnitPrice', (price, at) => `${price.padEnd(price.indexOf('.') + 4, '0')}${1 + (at % 9)}`);
  await stage.arrive(DATE, sheet);
  const before = await look(stage);
  stage.check(DATE, endComparisons(await stage.run(DATE), { accounts: 'read 200 = admitted 200', rules: [] }));
  const after = await look(stage);
  const rows = await checkLines(stage, { date: DATE, lines: LINES_BEFORE + 200, sums: sumsOf(sheet, () => true), fact: { what: 'prices of four decimals', sql: 'scale(trim_scale(unit_price)) = 4', expected: 200 } });
  stage.check(DATE, [
    { what: 'lines of before', expected: LINES_BEFORE, found: before.rows },
    { what: 'values of before', expected: before.values, found: after.values },
    ...WIDENED.flatMap(([table, column, from, to]) => [
      { what: `${table}.${column} before`, expected: from, found: before.types.get(`${table}.${column}`) },
      { what: `${table}.${column} after`, expected: to, found: after.types.get(`${table}.${column}`) },
    ]),
  ]);
  stage.say('the warehouse', ...WIDENED.map(([table, column, from, to]) => `${table}.${column}: ${from} → ${colour.good(to)}`), `${count(rows)} lines of the day, ${count(LINES_BEFORE + rows)} in all; the ${count(LINES_BEFORE)} of before have their values`);
  return { date: DATE, change: 'prices have four decimals', policy: 'decimal(14,4)', rows, outcome: 'tables have widened' };
}

interface Look {
  readonly types: ReadonlyMap<string, string>;
  /** Of days before. */
  readonly rows: number | undefined;
  /** Prices and totals of days before, without zeros at their ends. */
  readonly values: string;
}

/** The columns of the warehouse that are to widen, and the values that must stay. */
async function look({ ledger, name }: DriftStage): Promise<Look> {
  const types = new Map<string, string>();
  for (const [table, column] of WIDENED) {
    const { type = '' } = await ledger.texts('select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = $1::regclass and attname = $2', [`${name}.${table}`, column]);
    types.set(`${table}.${column}`, type);
  }
  const { rows } = await ledger.numbers(`select count(*) as rows from ${name}.lines where day < $1`, [DATE]);
  const { values = '' } = await ledger.texts(`select md5(string_agg(concat_ws(' ', line_id, trim_scale(unit_price), trim_scale(total)), ';' order by line_id)) as values from ${name}.lines where day < $1`, [DATE]);
  return { types, rows, values };
}
