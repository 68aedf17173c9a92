import { type AppliedPipelines, type Definition, compileDefinition } from '@weir/core';
import { inspector } from '@weir/engine';
import { CONTRACT, PIPELINE } from '../testing/shop';

const NO_OTHERS: AppliedPipelines = { newest: () => Promise.resolve(undefined), names: () => Promise.resolve([]) };

/** What apply makes of a contract. */
function compiled(contract: string, pipeline = PIPELINE, applied = NO_OTHERS): ReturnType<typeof compileDefinition> {
  const files = [
    { path: 'pipeline.yaml', text: pipeline },
    { path: 'contract.odcs.yaml', text: contract },
    { path: 'models/silver/lines.sql', text: 'select id, country, amount, placed_at from bronze.orders where amount is not null' },
    { path: 'models/gold/by_country.sql', text: 'select country, count(*) as orders, sum(amount) as revenue from silver.lines group by country' },
  ];
  return compileDefinition(files, '/p', inspector, applied);
}

async function problemsOf(contract: string) {
  const outcome = await compiled(contract);
  return 'problems' in outcome ? outcome.problems : [];
}

async function definitionOf(contract: string, pipeline = PIPELINE, applied = NO_OTHERS): Promise<{ definition: Definition; warnings: string[] }> {
  const outcome = await compiled(contract, pipeline, applied);
  if ('problems' in outcome) throw new Error(outcome.problems.map((problem) => `${problem.place} ${problem.message}`).join('\n'));
  return outcome;
}

test.each([
  ['a bound of another type', '{ check: range, column: country, min: 1 }', 'INVALID_VALUE', 'the column is VARCHAR'],
  ['no bound', '{ check: range, column: id }', 'INVALID_VALUE', 'neither `min` nor `max`'],
  ['a value that the column cannot have', '{ check: set, column: id, values: [x] }', 'INVALID_VALUE', 'No value of `id` can be `x`'],
  ['the length of a number', '{ check: length, column: id, max: 3 }', 'INVALID_VALUE', 'has no length'],
  ['a pair that does not compare', '{ check: pair, columns: [id, country], operator: "<" }', 'INVALID_VALUE', 'they do not compare'],
  ['the mean of a text', '{ check: statistic, column: country, statistic: mean, mustBe: 1 }', 'INVALID_VALUE', 'it has no mean'],
  ['a number as bound of a time', '{ check: statistic, column: placed_at, statistic: max, mustBeGreaterThan: 5 }', 'INVALID_VALUE', 'the bounds are numbers'],
  ['the age of a number', '{ check: freshness, column: id, maxAge: 1h }', 'INVALID_VALUE', 'not a time'],
  ['a broken pattern', "{ check: pattern, column: country, patterns: ['('] }", 'INVALID_SQL', 'missing )'],
  ['SQL over several rows', "{ check: row, predicate: 'sum(id) > 1' }", 'FORBIDDEN_SQL', 'columns of its row only'],
  ['a dataset that is not there', '{ check: reference, columns: [id], dataset: silver.line, in: [id] }', 'UNKNOWN_DATASET', 'silver.line'],
  ['a pipeline that is not there', '{ check: reference, columns: [id], dataset: crm.customers, in: [id] }', 'UNKNOWN_DATASET', 'crm'],
  ['a column that is not there', '{ check: reference, columns: [id], dataset: silver.lines, in: [idd] }', 'INVALID_VALUE', '`idd` is not a column of silver.lines'],
  ['a column of another type there', '{ check: reference, columns: [id], dataset: silver.lines, in: [country] }', 'INVALID_VALUE', 'they do not compare'],
  ['itself', '{ check: reference, columns: [id], dataset: bronze.orders, in: [id] }', 'INVALID_VALUE', 'all of its own values'],
])('a check with %s is refused', async (_what, implementation, code, message) => {
  const check = `    quality:\n      - { type: custom, engine: weir, implementation: ${implementation} }\n`;
  const problems = await problemsOf(CONTRACT + check);
  expect(problems).toEqual([expect.objectContaining({ code, place: expect.stringMatching(/^contract\.odcs\.yaml:15:\d+$/) as string, message: expect.stringContaining(message) as string })]);
});

test('checks of a model may name any of its columns, and datasets of other pipelines', async () => {
  const shop = (await definitionOf(CONTRACT)).definition;
  const crm: Definition = { ...shop, name: 'crm', upstream: [] };
  const entry = `  - name: by_country
    quality:
      - { type: custom, engine: weir, implementation: { check: reference, columns: [country], dataset: crm.lines, in: [country] } }
      - { type: custom, engine: greatExpectations, implementation: { type: expect_column_mean_to_be_between, kwargs: { column: revenue, min_value: 0 } } }
`;
  const applied: AppliedPipelines = { newest: (name) => Promise.resolve(name === 'crm' ? crm : undefined), names: () => Promise.resolve(['crm']) };
  const { definition } = await definitionOf(CONTRACT + entry, PIPELINE, applied);
  expect(definition.contract.datasets[1]?.checks.map(({ measure }) => measure.kind)).toEqual(['reference', 'statistic']);
  expect(await problemsOf(CONTRACT + entry.replace('column: revenue', 'column: revenu'))).toContainEqual(expect.objectContaining({ fix: 'did you mean `revenue`?' }));
});

test('checks that need all rows are not judged in motion, which apply says', async () => {
  const pipeline = PIPELINE.replace('type: file, path: data/*.csv', 'type: kafka, topic: orders').replace('name: shop', 'name: shop\nmode: realtime\ngrain: 1h').replace('by_country: { key: [country] }', 'lines: { key: [id] }\n  by_country: { key: [country] }');
  const checks = '    quality: [{ metric: rowCount, mustBeGreaterThan: 0 }, { type: custom, engine: weir, implementation: { check: range, column: id, min: 0 } }, { type: custom, engine: weir, implementation: { check: freshness, column: placed_at, maxAge: 1h } }]\n';
  const { warnings } = await definitionOf(CONTRACT + checks, pipeline);
  expect(warnings).toContain('contract.odcs.yaml: The checks `orders.rowCount`, `orders.freshness` are not judged in motion, for want of all rows: only runs over the archive of the topic do.');
});
