import { BROKEN_RULES, compileDecode, fileTextsSql, parseContract, quoteLiteral } from '@weir/core';
import { openLocked } from './engine';

/** The row rules that each text breaks in a column of this type. */
async function broken(property: string, texts: readonly string[]): Promise<string[]> {
  const text = `apiVersion: v3.2.0\nkind: DataContract\nid: c\nversion: 1.0.0\nschema:\n  - name: orders\n    properties:\n      - { name: a, ${property} }\n`;
  const { contract, problems } = parseContract({ path: 'c.yaml', text }, 'orders');
  const dataset = contract?.datasets[0];
  const type = dataset?.columns[0]?.type;
  if (!dataset || !type || problems.length > 0) throw new Error(problems.map(({ message }) => message).join('\n'));
  const typed = { ...dataset, columns: dataset.columns.map((column) => ({ ...column, type })), rules: dataset.rules.map(({ rule }) => rule), checks: [] };
  const decode = compileDecode(typed);
  const opened = await openLocked({ inputs: [], memoryLimit: '128MB', threads: 1 });
  try {
    const rows = await opened.engine.rows<{ rules: string }>(`select coalesce(array_to_string(${BROKEN_RULES}, ' '), '') as rules from (${decode.select(fileTextsSql(typed, typed.columns, `(values ${texts.map((one, n) => `(${quoteLiteral(one)}, ${n})`).join(', ')}) t(c0, n)`, ['n']), ['n'])}) order by n`, 'test');
    return rows.map(({ rules }) => rules);
  } finally {
    opened.close();
  }
}

test.each<[string, readonly [text: string, rules: string][]]>([
  ['logicalType: time', [['23:59', ''], ['00:00:00.123Z', ''], ['10:30:00+02:00', ''], ['24:00', 'logicalType:a'], ['noon', 'logicalType:a'], ['', '']]],
  ['logicalType: object', [['{}', ''], ['{"b": [1]}', ''], ['[1]', 'logicalType:a'], ['"x"', 'logicalType:a'], ['{', 'logicalType:a'], ['', '']]],
  ['logicalType: object, logicalTypeOptions: { minProperties: 1, maxProperties: 2, required: [b] }', [['{"b": 1}', ''], ['{"b": 1, "c": 2, "d": 3}', 'maxProperties:a'], ['{"c": 1}', 'required:a'], ['{}', 'minProperties:a required:a'], ['no', 'logicalType:a minProperties:a maxProperties:a required:a']]],
  ['logicalType: array, logicalTypeOptions: { minItems: 2, maxItems: 3, uniqueItems: true }', [['[1, 2]', ''], ['[1]', 'minItems:a'], ['[1, 2, 3, 4]', 'maxItems:a'], ['[1, 2, 1]', 'uniqueItems:a'], ['[{"a": 1}, {"a": 2}]', ''], ['{"a": 1, "b": 2}', 'logicalType:a minItems:a maxItems:a uniqueItems:a']]],
  ['logicalType: map, map: { key: { logicalType: string }, value: { logicalType: string } }', [['{"k": "v"}', ''], ['[]', 'logicalType:a']]],
  ['logicalType: vector, logicalTypeOptions: { dimensions: 3 }', [['[0.1, 2, -3e5]', ''], ['[1, 2]', 'dimensions:a']]],
])('%s takes texts of its form', async (property, rows) => {
  expect(await broken(property, rows.map(([text]) => text))).toEqual(rows.map(([, rules]) => rules));
});
