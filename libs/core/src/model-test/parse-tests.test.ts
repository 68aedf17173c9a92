import { CSV_LAYOUT } from '../definition/source';
import type { Definition } from '../definition/definition';
import type { ModelTest } from './model-test';
import { parseModelTests } from './parse-tests';

const COLUMNS = [
  { name: 'id', physicalName: 'Id', type: 'BIGINT', required: false, keyPosition: 1 },
  { name: 'amount', physicalName: 'Amount', type: 'DECIMAL(12,2)', required: true },
];

function shop(changes: Partial<Definition> = {}): Definition {
  const model = (name: string, scope: string, inputs: string[]) => ({ name, zone: 'silver', file: `models/silver/${name}.sql`, sql: '', scope, inputs, key: [], writeMode: 'append', columns: [{ name: 'total', type: 'DECIMAL(18,2)' }] });
  const models = [model('lines', 'row', ['bronze.orders']), model('days', 'interval', ['silver.lines']), model('all_days', 'history', ['silver.days', 'other.rates'])];
  const upstream = [{ pipeline: 'other', dataset: 'gold.rates', reference: 'other.rates', columns: [{ name: 'rate', type: 'DOUBLE' }], byInterval: false }];
  return { name: 'shop', grain: '1d', upstream, source: { type: 'file', dataset: 'orders', layout: CSV_LAYOUT }, contract: { id: 'shop', version: '1', datasets: [{ name: 'orders', columns: COLUMNS, rules: [], checks: [], order: { by: 'arrival' } }] }, models, ...changes } as unknown as Definition;
}

function parse(text: string, { definition = shop(), files = {} }: { definition?: Definition; files?: Record<string, string> } = {}) {
  return parseModelTests({ path: 'tests/a.yaml', text }, definition, new Map(Object.entries(files)));
}

function testsOf(text: string, options?: Parameters<typeof parse>[1]): readonly ModelTest[] {
  const parsed = parse(text, options);
  return 'tests' in parsed ? parsed.tests : expect(parsed.problems).toEqual([]) as never;
}

function problemsOf(text: string, options?: Parameters<typeof parse>[1]): string[] {
  const parsed = parse(text, options);
  return 'problems' in parsed ? parsed.problems.map(({ code, place, message, fix }) => `${code} ${place} ${message} ${fix ?? ''}`) : [];
}

const one = (body: string): string => `tests:\n  - name: t\n${body.split('\n').map((line) => `    ${line}`).join('\n')}`;

describe('a test of a model', () => {
  test('has its rows as they are written, exact to the last digit', () => {
    const [found] = testsOf(one('model: silver.lines\ngiven:\n  bronze.orders:\n    - { id: 1, amount: 1.10 }\n    - { amount: 12345678901234567890.12, id: null }\nexpect:\n  - { total: "7" }'));
    const given = found?.kind === 'model' ? found.given[0]?.rows.map(({ cells }) => [...cells].map(([column, { text, place }]) => [column, text, place])) : undefined;
    expect(given).toEqual([
      [['id', '1', 'tests/a.yaml:6:17'], ['amount', '1.10', 'tests/a.yaml:6:28']],
      [['amount', '12345678901234567890.12', 'tests/a.yaml:7:21'], ['id', null, 'tests/a.yaml:7:50']],
    ]);
  });

  test('runs the models between what it is given and what is tested', () => {
    const [found] = testsOf(one('model: silver.all_days\ninterval: 2010-12-01/2010-12-03\ngiven: { bronze.orders: [{ id: 1, _weir_partition: 2010-12-02 }], other.rates: [{ rate: 2 }] }\nexpect: []'));
    expect(found).toMatchObject({ kind: 'model', models: [{ name: 'lines' }, { name: 'days' }, { name: 'all_days' }], partitions: ['2010-12-01T00:00:00Z', '2010-12-02T00:00:00Z'] });
    expect(found?.kind === 'model' && found.given.map(({ dataset }) => dataset)).toEqual(['bronze.orders', 'other.rates']);
  });

  test('reads rows from files beside it', () => {
    const files = { 'orders.csv': 'id,amount\n1,\n2,"3.5"\n', 'totals.ndjson': '{"total": 3.50}\n\n{"total": null}\n' };
    const [found] = testsOf(one('model: silver.lines\ngiven: { bronze.orders: orders.csv }\nexpect: totals.ndjson'), { files });
    if (found?.kind !== 'model') throw new Error('no model');
    expect(found.given[0]?.rows.map(({ cells, place }) => [cells.get('amount')?.text, place])).toEqual([[null, 'tests/orders.csv:2:1'], ['3.5', 'tests/orders.csv:3:1']]);
    expect(found.expect.rows.map(({ cells, place }) => [cells.get('total')?.text, place])).toEqual([['3.5', 'tests/totals.ndjson:1:1'], [null, 'tests/totals.ndjson:3:1']]);
  });

  test.each([
    ['model: silver.line\ngiven: { bronze.orders: [] }\nexpect: []', 'UNKNOWN_DATASET tests/a.yaml:3:12 There is no model `silver.line`. did you mean `silver.lines`?'],
    ['model: silver.lines\ngiven: { bronze.orders: [{ amunt: 1 }] }\nexpect: []', 'INVALID_VALUE tests/a.yaml:4:39 `amunt` is not a column of bronze.orders. did you mean `amount`?'],
    ['model: silver.lines\ngiven: { bronze.orders: [] }\nexpect: [{ totl: 1 }]', 'INVALID_VALUE tests/a.yaml:5:22 `totl` is not a column of silver.lines. did you mean `total`?'],
    ['model: silver.lines\ngiven: { bronze.order: [] }\nexpect: []', 'UNKNOWN_DATASET tests/a.yaml:4:28 `silver.lines` does not read `bronze.order`. did you mean `bronze.orders`?'],
    ['model: silver.days\ngiven: { silver.lines: [], bronze.orders: [] }\nexpect: []', 'UNKNOWN_DATASET tests/a.yaml:4:47 `silver.days` does not read `bronze.orders`. remove it.'],
    ['model: silver.lines\ngiven: { bronze.orders: [] }\nexpct: []', 'MISSING_KEY tests/a.yaml:2:5 `expect` is missing from a test.'],
    ['model: silver.lines\ngiven: { bronze.orders: [] }\nexpect: []\norderd: true', 'UNKNOWN_KEY tests/a.yaml:6:5 `orderd` is not a key of a test. did you mean `ordered`?'],
    ['model: silver.lines\ngiven: { bronze.orders: rows.csv }\nexpect: []', 'MISSING_FILE tests/a.yaml:4:29 There is no file tests/rows.csv. Write the rows to tests/rows.csv.'],
    ['model: silver.lines\ngiven: { bronze.orders: ../rows.csv }\nexpect: []', 'INVALID_VALUE tests/a.yaml:4:29 `tests[0].given.bronze.orders` cannot be `../rows.csv`.'],
    ['model: silver.lines\ninterval: 2010-12-01/2010-12-01\ngiven: { bronze.orders: [] }\nexpect: []', 'INVALID_INTERVAL tests/a.yaml:4:15 The interval 2010-12-01/2010-12-01 is empty'],
    ['model: silver.lines\ngiven: { bronze.orders: [{ _weir_partition: 2010-12-01 }] }\nexpect: []', 'INVALID_VALUE tests/a.yaml:4:49 `2010-12-01` is not a partition of this test.'],
    ['model: silver.lines\ngiven: { bronze.orders: [] }\nexpect: []\nquarantined: []', 'UNKNOWN_KEY tests/a.yaml:6:5 Only tests of the contract say what is quarantined.'],
  ])('%s', (body, problem) => expect(problemsOf(one(body)).join('\n')).toContain(problem));

  test('asks for every input, or what it is made of', () => {
    expect(problemsOf(one('model: silver.all_days\ngiven: { silver.days: [] }\nexpect: []'))).toEqual([expect.stringMatching(/^MISSING_KEY tests\/a.yaml:4:12 `silver.all_days` reads `other.rates`, and the test gives no rows of it\. Add `other.rates`; \[\] for no rows\.$/)]);
    expect(problemsOf(one('model: silver.all_days\ngiven: { other.rates: [] }\nexpect: []'))[0]).toContain('Add `silver.days`, or `silver.lines`, which it is made of');
  });

  test('cannot have an interval without a grain, nor the name of another', () => {
    const test = one('model: silver.lines\ninterval: 2010-12-01/2010-12-02\ngiven: { bronze.orders: [] }\nexpect: []');
    expect(problemsOf(test, { definition: shop({ grain: undefined }) })[0]).toContain('INVALID_INTERVAL tests/a.yaml:4:15 The pipeline shop has no grain');
    expect(problemsOf(`${test}\n${test.split('\n').slice(1).join('\n')}`)[0]).toContain('INVALID_VALUE tests/a.yaml:7:11 Two tests of silver.lines are called `t`.');
  });
});

describe('a test of the contract', () => {
  test('takes records by the headers of the files', () => {
    const [found] = testsOf(one('model: bronze.orders\ngiven: { raw.orders: [{ Id: 01, Amount: 1.00 }] }\nexpect: [{ id: 1 }]\nquarantined: [{ record: { Id: x }, rules: [type:id] }]'));
    expect(found).toMatchObject({ kind: 'contract', quarantined: [{ rules: ['type:id'] }] });
    expect(found?.kind === 'contract' && [...(found.records[0]?.fields ?? [])].map(([name, { text }]) => [name, text])).toEqual([['Id', '01'], ['Amount', '1.00']]);
  });

  test.each([
    ['model: bronze.orders\ngiven: { bronze.orders: [] }\nexpect: []', 'UNKNOWN_KEY tests/a.yaml:4:14 A test of the contract is given records of `raw.orders`, not `bronze.orders`. use one of `raw.orders`.'],
    ['model: bronze.orders\ngiven: { raw.orders: [{ id: 1 }] }\nexpect: []', 'INVALID_VALUE tests/a.yaml:4:33 `id` is not a column of raw.orders, whose columns go by the headers of its files. did you mean `Id`?'],
    ['model: bronze.orders\ngiven: { raw.orders: [] }\nexpect: []\nquarantined: [{ record: {}, rules: [type:amont] }]', 'INVALID_VALUE tests/a.yaml:6:41 The contract has no rule `type:amont`. did you mean `type:amount`?'],
  ])('%s', (body, problem) => expect(problemsOf(one(body)).join('\n')).toContain(problem));

  test('takes any field of a topic, with the JSON that the record is', () => {
    const definition = shop({ source: { type: 'kafka', dataset: 'orders', topic: 'orders' } as unknown as Definition['source'] });
    const [found] = testsOf(one('model: bronze.orders\ngiven: { raw.orders: [{ Id: 1.50, more: { a: [1, null, "x"] } }] }\nexpect: []'), { definition });
    expect(found?.kind === 'contract' && found.records[0]?.json).toBe('{"Id":1.50,"more":{"a":[1,null,"x"]}}');
  });
});
