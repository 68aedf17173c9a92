import { parseContract } from './parse-contract';

const HEAD = 'apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\nschema:\n  - name: orders\n    properties:\n';

/** Parses a contract whose dataset has these properties, one YAML flow mapping each; the first stands on line 9, its brace in column 9. */
function properties(...lines: string[]) {
  return parseContract({ path: 'c.yaml', text: `${HEAD}${lines.map((line) => `      - ${line}\n`).join('')}` }, 'orders');
}

/** The same with one property and these quality rules on the dataset; the first stands on line 11, its brace in column 9. */
function quality(...lines: string[]) {
  const rules = lines.map((line) => `      - ${line}\n`).join('');
  return parseContract({ path: 'c.yaml', text: `${HEAD}      - { name: amount, logicalType: integer }\n    quality:\n${rules}` }, 'orders');
}

describe('columns of a contract', () => {
  test.each([
    ['{ name: a, logicalType: string }', 'VARCHAR'],
    ['{ name: a, logicalType: integer }', 'BIGINT'],
    ['{ name: a, logicalType: integer, physicalType: smallint }', 'BIGINT'],
    ['{ name: a, logicalType: boolean }', 'BOOLEAN'],
    ['{ name: a, logicalType: date }', 'DATE'],
    ['{ name: a, logicalType: timestamp }', 'TIMESTAMP'],
    ['{ name: a, logicalType: number }', 'DOUBLE'],
    ['{ name: a, logicalType: number, physicalType: "decimal(12,3)" }', 'DECIMAL(12,3)'],
    ['{ name: a, logicalType: number, physicalType: "NUMERIC(5, 0)" }', 'DECIMAL(5,0)'],
    ['{ name: a, logicalType: number, physicalType: double }', 'DOUBLE'],
    ['{ name: a, logicalType: number, logicalTypeOptions: { multipleOf: 0.01 } }', 'DECIMAL(18,2)'],
    ['{ name: a, physicalType: "varchar(20)" }', 'VARCHAR'],
    ['{ name: a, physicalType: int }', 'BIGINT'],
  ])('%s has the type %s', (line, type) => {
    const { contract, problems } = properties(line);
    expect(problems).toEqual([]);
    expect(contract?.datasets[0]?.columns[0]?.type).toBe(type);
  });

  test('have headers, and are required where they are or belong to the key', () => {
    const { contract } = properties('{ name: a, physicalName: "A a", logicalType: string, required: true }', '{ name: b, logicalType: integer, primaryKey: true }', '{ name: c, logicalType: string }');
    expect(contract?.datasets[0]?.columns.map(({ name, physicalName, required, keyPosition }) => [name, physicalName, required, keyPosition])).toEqual([
      ['a', 'A a', true, undefined],
      ['b', 'b', true, 1],
      ['c', 'c', false, undefined],
    ]);
  });

  test('keep the order that the key states, and otherwise that of the columns', () => {
    const { contract } = properties('{ name: a, logicalType: string, primaryKey: true, primaryKeyPosition: 2 }', '{ name: b, logicalType: string, primaryKey: true }', '{ name: c, logicalType: string, primaryKeyPosition: 1 }');
    expect(contract?.datasets[0]?.columns.map((column) => [column.name, column.keyPosition])).toEqual([['a', 2], ['b', 3], ['c', 1]]);
  });

  test('read dates by their format', () => {
    const { contract } = properties('{ name: a, logicalType: timestamp, logicalTypeOptions: { format: "dd/MM/yyyy HH:mm" } }');
    expect(contract?.datasets[0]).toMatchObject({ columns: [{ format: '%d/%m/%Y %H:%M' }], rules: [] });
  });

  test.each([
    ['{ name: a, logicalType: number, physicalType: "decimal(12,3)", logicalTypeOptions: { minimum: 0 } }', 'minimum:a', '"a" >= 0'],
    ['{ name: a, logicalType: integer, logicalTypeOptions: { maximum: 9 } }', 'maximum:a', '"a" <= 9'],
    ['{ name: a, logicalType: integer, logicalTypeOptions: { exclusiveMinimum: -1.5 } }', 'exclusiveMinimum:a', '"a" > -1.5'],
    ['{ name: a, logicalType: date, logicalTypeOptions: { minimum: "2010-12-01" } }', 'minimum:a', `"a" >= date '2010-12-01'`],
    ['{ name: a, logicalType: timestamp, logicalTypeOptions: { maximum: "2010-12-01T10:30" } }', 'maximum:a', `"a" <= timestamp '2010-12-01 10:30:00'`],
    ['{ name: a, logicalType: string, logicalTypeOptions: { minLength: 2 } }', 'minLength:a', 'length("a") >= 2'],
    ['{ name: a, logicalType: string, logicalTypeOptions: { maxLength: 5 } }', 'maxLength:a', 'length("a") <= 5'],
    ['{ name: a, logicalType: string, logicalTypeOptions: { pattern: "^it\'s$" } }', 'pattern:a', `regexp_matches("a", '^it''s$')`],
    ['{ name: a, logicalType: integer, logicalTypeOptions: { format: u8 } }', 'format:a', '"a" between 0 and 255'],
    ['{ name: a, logicalType: integer, logicalTypeOptions: { multipleOf: 5 } }', 'multipleOf:a', '"a" % 5 = 0'],
  ])('%s state the row rule %s', (line, id, predicate) => {
    const { contract, problems } = properties(line);
    expect(problems).toEqual([]);
    expect(contract?.datasets[0]?.rules.map(({ rule }) => rule)).toEqual([expect.objectContaining({ id, predicate, severity: 'critical', type: 'conformity' })]);
  });

  test.each([
    ['an unknown type', ['{ name: a, logicalType: strng }'], 'INVALID_VALUE c.yaml:9:33'],
    ['no type', ['{ name: a }'], 'MISSING_KEY c.yaml:9:9'],
    ['a number that is text', ['{ name: a, logicalType: number, physicalType: varchar }'], 'INVALID_VALUE c.yaml:9:55'],
    ['too many digits', ['{ name: a, logicalType: number, physicalType: "decimal(39,2)" }'], 'INVALID_VALUE c.yaml:9:55'],
    ['a reserved name', ['{ name: _weir_x, logicalType: string }'], 'INVALID_VALUE c.yaml:9:17'],
    ['a name in capitals', ['{ name: CustomerID, logicalType: string }'], 'INVALID_VALUE c.yaml:9:17'],
    ['a name twice', ['{ name: a, logicalType: string }', '{ name: a, logicalType: string, physicalName: b }'], 'INVALID_VALUE c.yaml:10:17'],
    ['a header twice', ['{ name: a, logicalType: string }', '{ name: b, logicalType: string, physicalName: a }'], 'INVALID_VALUE c.yaml:10:55'],
    ['a misspelt key', ['{ name: a, logicalTyp: string, physicalType: text }'], 'UNKNOWN_KEY c.yaml:9:20'],
    ['a misspelt option', ['{ name: a, logicalType: integer, logicalTypeOptions: { minimun: 0 } }'], 'UNKNOWN_KEY c.yaml:9:64'],
    ['a bound of another type', ['{ name: a, logicalType: integer, logicalTypeOptions: { minimum: "x" } }'], 'INVALID_VALUE c.yaml:9:73'],
    ['a bound that is no date', ['{ name: a, logicalType: date, logicalTypeOptions: { minimum: "2024-02-30" } }'], 'INVALID_VALUE c.yaml:9:70'],
    ['a length of a number', ['{ name: a, logicalType: integer, logicalTypeOptions: { maxLength: 3 } }'], 'INVALID_VALUE c.yaml:9:75'],
    ['a format nobody checks', ['{ name: a, logicalType: string, logicalTypeOptions: { format: password } }'], 'INVALID_VALUE c.yaml:9:71'],
    ['a date format nobody reads', ['{ name: a, logicalType: date, logicalTypeOptions: { format: "yyyy-ww" } }'], 'INVALID_VALUE c.yaml:9:69'],
    ['another time zone', ['{ name: a, logicalType: timestamp, logicalTypeOptions: { defaultTimezone: Europe/Vienna } }'], 'INVALID_VALUE c.yaml:9:83'],
  ])('with %s are refused at their place', (_what, lines, expected) => {
    expect(properties(...lines).problems.map((problem) => `${problem.code} ${problem.place}`)).toEqual([expected]);
  });
});

describe('quality rules of a contract', () => {
  test.each([
    ['{ metric: rowCount, mustBeGreaterThan: 0 }', { id: 'orders.rowCount', severity: 'critical', type: 'coverage', measure: { kind: 'count' }, threshold: { greaterThan: 0, unit: 'rows' } }],
    [
      '{ type: library, metric: duplicateValues, arguments: { properties: [amount] }, mustBeLessThan: 1, unit: percent, severity: warning, dimension: accuracy, name: "Few twins!" }',
      { id: 'orders.few_twins', severity: 'warning', type: 'accuracy', measure: { kind: 'unique', columns: ['amount'] }, threshold: { lessThan: 1, unit: 'percent' } },
    ],
    [
      '{ type: sql, query: "select count(*) from ${object} where amount < 0", mustBeBetween: [0, 5], severity: info }',
      { id: 'orders.sql', severity: 'info', type: 'accuracy', measure: { kind: 'sql', query: 'select count(*) from ${dataset} where amount < 0' }, threshold: { between: [0, 5], unit: 'value' } },
    ],
  ])('%s is a check', (line, check) => {
    const { contract, problems } = quality(line);
    expect(problems).toEqual([]);
    expect(contract?.datasets[0]?.checks.map((one) => one.check)).toEqual([check]);
  });

  test.each([
    ['{ metric: nullValues, mustBe: 0 }', { kind: 'nullShare', column: 'a' }, 'completeness'],
    ['{ metric: missingValues, arguments: { missingValues: [null, "", n/a, 0] }, mustBe: 0 }', { kind: 'nullShare', column: 'a', missing: ['', 'n/a', 0] }, 'completeness'],
    ['{ metric: invalidValues, arguments: { validValues: [x, 1] }, mustBe: 0 }', { kind: 'set', column: 'a', values: ['x', 1] }, 'conformity'],
    ['{ metric: invalidValues, arguments: { pattern: "^x" }, mustBe: 0 }', { kind: 'pattern', column: 'a', patterns: ['^x'] }, 'conformity'],
    ['{ metric: duplicateValues, mustBe: 0 }', { kind: 'unique', columns: ['a'] }, 'uniqueness'],
    ['{ type: sql, query: "select max(${property}) from ${table}", mustBe: 0 }', { kind: 'sql', query: 'select max("a") from ${dataset}' }, 'accuracy'],
  ])('%s of a column measures %j', (line, measure, type) => {
    const { contract, problems } = properties(`{ name: a, logicalType: string, quality: [${line}] }`);
    expect(problems).toEqual([]);
    expect(contract?.datasets[0]?.checks.map(({ check }) => [check.measure, check.type])).toEqual([[measure, type]]);
  });

  test('gives checks of one metric on one column ids of their own', () => {
    const { contract } = properties('{ name: a, logicalType: string, unique: true, quality: [{ metric: nullValues, mustBe: 0 }, { metric: nullValues, mustBeLessThan: 9, severity: warning }] }');
    expect(contract?.datasets[0]?.checks.map(({ check }) => check.id)).toEqual(['orders.a.unique', 'orders.a.nullValues', 'orders.a.nullValues.2']);
  });

  test.each([
    ['{ type: custom, engine: weir, name: Amount ok, implementation: { row: "amount >= 0" } }', 'critical'],
    ['{ type: custom, engine: weir, name: amount_ok, implementation: "row: amount >= 0", severity: warning }', 'warning'],
    ['{ type: custom, engine: weir, name: amount_ok, implementation: \'{"row": "amount >= 0"}\', severity: info }', 'info'],
  ])('%s is a row rule', (line, severity) => {
    const { contract, problems } = quality(line);
    expect(problems).toEqual([]);
    expect(contract?.datasets[0]?.rules.map(({ rule }) => rule)).toEqual([expect.objectContaining({ id: 'amount_ok', predicate: 'amount >= 0', severity, type: 'accuracy' })]);
  });

  test('of type text are for people', () => {
    expect(quality('{ type: text, description: Looks right. }').contract?.datasets[0]).toMatchObject({ rules: [], checks: [] });
  });

  test.each([
    ['an unknown metric', '{ metric: nullCount, mustBe: 0 }', 'INVALID_VALUE c.yaml:11:19'],
    ['no metric', '{ mustBe: 0 }', 'MISSING_KEY c.yaml:11:9'],
    ['no operator', '{ metric: rowCount }', 'MISSING_KEY c.yaml:11:9'],
    ['a misspelt operator', '{ metric: rowCount, mustBe: 1, mustBeGreater: 0 }', 'UNKNOWN_KEY c.yaml:11:40'],
    ['a number as text', '{ metric: rowCount, mustBe: "0" }', 'INVALID_VALUE c.yaml:11:37'],
    ['a range backwards', '{ metric: rowCount, mustBeBetween: [5, 1] }', 'INVALID_VALUE c.yaml:11:44'],
    ['a range of one', '{ metric: rowCount, mustBeBetween: [5] }', 'INVALID_VALUE c.yaml:11:44'],
    ['percent of a count', '{ metric: rowCount, mustBe: 1, unit: percent }', 'INVALID_VALUE c.yaml:11:46'],
    ['a unit that is none', '{ metric: rowCount, mustBe: 1, unit: bytes }', 'INVALID_VALUE c.yaml:11:46'],
    ['the metric of a column on a dataset', '{ metric: nullValues, mustBe: 0 }', 'INVALID_VALUE c.yaml:11:9'],
    ['duplicates of nothing', '{ metric: duplicateValues, mustBe: 0 }', 'MISSING_KEY c.yaml:11:9'],
    ['duplicates of an unknown column', '{ metric: duplicateValues, arguments: { properties: [amunt] }, mustBe: 0 }', 'INVALID_VALUE c.yaml:11:62'],
    ['a query with an unknown placeholder', '{ type: sql, query: "select 1 from ${wibble}", mustBe: 0 }', 'INVALID_VALUE c.yaml:11:29'],
    ['a query about no column', '{ type: sql, query: "select max(${property}) from ${object}", mustBe: 0 }', 'INVALID_VALUE c.yaml:11:29'],
    ['another engine', '{ type: custom, engine: soda, name: x, implementation: y }', 'INVALID_VALUE c.yaml:11:33'],
    ['a row rule without a name', '{ type: custom, engine: weir, implementation: { row: x } }', 'MISSING_KEY c.yaml:11:9'],
    ['a row rule without SQL', '{ type: custom, engine: weir, name: x, implementation: { row: 1 } }', 'INVALID_VALUE c.yaml:11:71'],
    ['a misspelt row', '{ type: custom, engine: weir, name: x, implementation: { rows: x } }', 'UNKNOWN_KEY c.yaml:11:66'],
    ['an implementation that is a list', '{ type: custom, engine: weir, name: x, implementation: "[x]" }', 'INVALID_VALUE c.yaml:11:64'],
    ['a severity that is none', '{ metric: rowCount, mustBe: 1, severity: critical }', 'INVALID_VALUE c.yaml:11:50'],
  ])('with %s is refused at its place', (_what, line, expected) => {
    expect(quality(line).problems.map((problem) => `${problem.code} ${problem.place}`)).toContain(expected);
  });

  test('cannot share the id of another row rule', () => {
    const rule = '{ type: custom, engine: weir, name: x, implementation: { row: "true" } }';
    expect(quality(rule, rule).problems).toEqual([expect.objectContaining({ code: 'INVALID_VALUE', message: 'Two row rules have the id `x`.' })]);
  });
});

describe('a contract', () => {
  const column = '      - { name: a, logicalType: string, primaryKey: true }\n';
  const withOrder = (...lines: string[]) => parseContract({ path: 'c.yaml', text: `${HEAD}${column}    customProperties:\n${lines.map((line) => `      - ${line}\n`).join('')}` }, 'orders');

  test('says which row of a key wins', () => {
    expect(withOrder('{ property: weirSequence, value: a }').contract?.datasets[0]?.order).toEqual({ by: 'sequence', column: 'a' });
    expect(withOrder('{ property: weirOrder, value: immutable }').contract?.datasets[0]?.order).toEqual({ by: 'immutable' });
    expect(withOrder('{ property: somethingElse, value: 1 }').contract?.datasets[0]?.order).toEqual({ by: 'arrival' });
  });

  test.each([
    [['{ property: weirSequence, value: b }'], 'c.yaml:11:42'],
    [['{ property: weirOrder, value: latest }'], 'c.yaml:11:39'],
    [['{ property: weirOrder, value: arrival }', '{ property: weirSequence, value: a }'], 'c.yaml:11:39'],
  ])('refuses the order %j', (lines, place) => {
    expect(withOrder(...lines).problems).toEqual([expect.objectContaining({ code: 'INVALID_VALUE', place })]);
  });

  test('needs a key for an order', () => {
    const text = `${HEAD}      - { name: a, logicalType: string }\n    customProperties: [{ property: weirOrder, value: immutable }]\n`;
    expect(parseContract({ path: 'c.yaml', text }, 'orders').problems).toEqual([expect.objectContaining({ message: 'An order of rows needs a key, and `orders` has none.' })]);
  });

  test('may have every section of the standard, read or not', () => {
    const more = 'name: n\ntenant: t\ndomain: d\ndataProduct: p\ntags: [x]\ndescription: { purpose: p, limitations: l }\nservers: [{ server: s, type: local }]\nteam: { members: [] }\nroles: []\nprice: { priceAmount: 1 }\nsupport: []\nslaProperties: [{ property: latency, value: 4 }]\ncontractCreatedTs: 2024-01-01T00:00:00Z\ncustomProperties: []\nauthoritativeDefinitions: []\n';
    const text = `${HEAD}      - { name: a, logicalType: string, businessName: A, classification: public, examples: [x], tags: [pii], criticalDataElement: true, partitioned: false }\n${more}`;
    expect(parseContract({ path: 'c.yaml', text }, 'orders').problems).toEqual([]);
  });

  test.each(['v3.0.0', 'v3.0.1', 'v3.0.2', 'v3.1.0', 'v3.2.0'])('is read in version %s of the standard', (version) => {
    expect(parseContract({ path: 'c.yaml', text: HEAD.replace('v3.1.0', version) + column }, 'orders').problems).toEqual([]);
  });

  test.each([
    ['an old standard', HEAD.replace('v3.1.0', 'v2.2.2') + column, 'INVALID_VALUE c.yaml:1:13'],
    ['another kind', HEAD.replace('DataContract', 'DataProduct') + column, 'INVALID_VALUE c.yaml:2:7'],
    ['a version that is a number', HEAD.replace('1.0.0', '1.0') + column, 'INVALID_VALUE c.yaml:4:10'],
    ['a misspelt section', `${HEAD}${column}suport: []\n`, 'UNKNOWN_KEY c.yaml:10:1'],
    ['a dataset twice', `${HEAD}${column}  - name: orders\n    properties: [{ name: a, logicalType: string }]\n`, 'INVALID_VALUE c.yaml:10:11'],
    ['no columns of its source', 'apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\nschema:\n  - name: orders\n', 'MISSING_KEY c.yaml:7:5'],
    ['no schema', 'apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\n', 'MISSING_KEY c.yaml:1:1'],
  ])('with %s is refused at its place', (_what, text, expected) => {
    expect(parseContract({ path: 'c.yaml', text }, 'orders').problems.map((problem) => `${problem.code} ${problem.place}`)).toEqual([expected]);
  });
});
