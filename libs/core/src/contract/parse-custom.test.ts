import { parseContract } from './parse-contract';

/** Parses a contract with one column of this type and custom properties of it and of the dataset; the first property of the column stands on line 13. */
function parse(type: string, { column = [], dataset = [] }: { readonly column?: readonly string[]; readonly dataset?: readonly string[] }) {
  const list = (indent: string, lines: readonly string[]) => (lines.length === 0 ? '' : `${indent}customProperties:\n${lines.map((line) => `${indent}  - ${line}\n`).join('')}`);
  const text = `apiVersion: v3.1.0
kind: DataContract
id: c
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - name: a
        logicalType: ${type.split(' ', 1)[0]}
${type.includes(' ') ? `        physicalType: ${type.split(' ')[1]}\n` : '        required: true\n'}${list('        ', column)}${list('    ', dataset)}`;
  const { contract, problems } = parseContract({ path: 'c.yaml', text }, 'orders');
  return { dataset: contract?.datasets[0], problems };
}

describe('weirDefault', () => {
  test.each([
    ['string', '""', ''],
    ['string', '"0"', '0'],
    ['integer', '0', 0],
    ['integer', '-7', -7],
    ['number', '0.5', 0.5],
    ['number decimal(5,2)', '"-999.990"', '-999.990'],
    ['number decimal(5,2)', '0', 0],
    ['number decimal(38,0)', '"99999999999999999999999999999999999999"', '99999999999999999999999999999999999999'],
    ['boolean', 'false', false],
    ['date', '"2024-02-29"', '2024-02-29'],
    ['timestamp', '"2024-02-29T10:00:00Z"', '2024-02-29T10:00:00Z'],
  ])('of a column of type %s may be %s', (type, value, expected) => {
    const { dataset, problems } = parse(type, { column: [`{ property: weirDefault, value: ${value} }`] });
    expect(problems).toEqual([]);
    expect(dataset?.columns[0]?.default).toBe(expected);
  });

  test.each([
    ['string', '0'],
    ['integer', '0.5'],
    ['integer', '"0"'],
    ['integer', 'null'],
    ['number', '.inf'],
    ['number', '[1]'],
    ['number decimal(5,2)', '"1000"'],
    ['number decimal(5,2)', '0.125'],
    ['number decimal(5,2)', '"1e2"'],
    ['boolean', '0'],
    ['date', '"2024-02-30"'],
    ['timestamp', '"noon"'],
  ])('of a column of type %s may not be %s', (type, value) => {
    const { problems } = parse(type, { column: [`{ property: weirDefault, value: ${value} }`] });
    expect(problems).toEqual([expect.objectContaining({ code: 'INVALID_VALUE', place: 'c.yaml:13:45', message: expect.stringMatching(/^`weirDefault` of a cannot be .*: the column is [A-Z]+/) })]);
  });

  test('is none where the contract states none', () => {
    expect(parse('string', {}).dataset?.columns[0]?.default).toBeUndefined();
  });
});

describe('weirCompatibility', () => {
  test('is a mode of schema registries', () => {
    expect(parse('string', { dataset: ['{ property: weirCompatibility, value: FULL_TRANSITIVE }'] })).toMatchObject({ dataset: { compatibility: 'FULL_TRANSITIVE' }, problems: [] });
    expect(parse('string', {}).dataset?.compatibility).toBeUndefined();
  });

  test.each([
    ['backward', 'did you mean `BACKWARD`?'],
    ['FULL_TRANSITIV', 'did you mean `FULL_TRANSITIVE`?'],
    ['true', expect.stringContaining('NONE')],
  ])('cannot be %s', (value, fix) => {
    expect(parse('string', { dataset: [`{ property: weirCompatibility, value: ${value} }`] }).problems).toEqual([expect.objectContaining({ code: 'INVALID_VALUE', place: 'c.yaml:13:47', fix })]);
  });
});
