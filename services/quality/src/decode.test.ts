import { createHash } from 'node:crypto';
import { compileDecode, fileTextsSql, type ColumnType, type ContractColumn, type ContractDataset, type RowRule } from '@weir/core';
import { withEngine } from '@weir/engine';
import { tempDir, type TempDir } from '@weir/testkit';

let dir: TempDir;
beforeAll(async () => {
  dir = await tempDir();
});
afterAll(() => dir.dispose());

const column = (name: string, type: ColumnType, more: Partial<ContractColumn> = {}): ContractColumn => ({ name, physicalName: name, type, required: false, ...more });
const rule = (id: string, predicate: string, severity: RowRule['severity'] = 'critical'): RowRule => ({ id, predicate, severity, type: 'accuracy', description: id });

/** Decodes rows of text; an undefined field is one that is not there. */
async function decode(columns: ContractColumn[], rows: (string | undefined)[][], rules: RowRule[] = [], emptyText?: 'keep'): Promise<Record<string, unknown>[]> {
  const dataset: ContractDataset = { name: 'd', columns, rules, checks: [], order: { by: 'arrival' }, emptyText };
  const { select } = compileDecode(dataset);
  const values = rows.map((row, at) => `(${at}, ${row.map((field) => (field === undefined ? 'null' : `'${field.replaceAll("'", "''")}'`)).join(', ')})`);
  const relation = `(values ${values.join(', ')}) t(place, ${columns.map((_, at) => `c${at}`).join(', ')})`;
  return withEngine({ inputs: [], staging: dir.path, memoryLimit: '128MB', threads: 1 }, (engine) => engine.rows(`select * from (${select(fileTextsSql(dataset, columns, relation, ['place']), ['place'])}) order by place`));
}

/** The values of one column, `!` where the text does not fit the type. */
async function decoded(type: ColumnType, texts: string[], more: Partial<ContractColumn> = {}): Promise<unknown[]> {
  const rows = await decode([column('c', type, more)], texts.map((text) => [text]));
  return rows.map((row) => (row['_weir_rules'] ? '!' : row['c']));
}

describe('a column', () => {
  it('of whole numbers takes a zero fraction and nothing that would be rounded or guessed', async () => {
    const good = ['6', '-6', '+6', '007', '17850.0', '0.000', '9007199254740991'];
    expect(await decoded('BIGINT', good)).toEqual([6, -6, 6, 7, 17850, 0, 9007199254740991]);
    expect(await decoded('BIGINT', ['1.5', '1_0', ' 1', '1e3', '0x1f', '9223372036854775808', '1.', '.0', '-', 'abc', '1,0', '١'])).toEqual(Array(12).fill('!'));
  });

  it('of decimals takes what its digits hold exactly', async () => {
    expect(await decoded('DECIMAL(12,3)', ['2.55', '-11062.06', '2', '2.5500000', '.5', '5.', '+0.001', '123456789.999'])).toEqual(['2.550', '-11062.060', '2.000', '2.550', '0.500', '5.000', '0.001', '123456789.999']);
    expect(await decoded('DECIMAL(12,3)', ['2.5555', '1e3', ' 2', '1234567890.1', '.', '-', 'NaN', '2,55', '1_000'])).toEqual(Array(9).fill('!'));
  });

  it('of floating numbers takes exponents but no infinity', async () => {
    expect(await decoded('DOUBLE', ['0.1', '-1e-5', '5.', '.5', '1E3'])).toEqual([0.1, -0.00001, 5, 0.5, 1000]);
    expect(await decoded('DOUBLE', ['1e999', 'nan', 'inf', 'Infinity', ' 1', '1_0', 'e5'])).toEqual(Array(7).fill('!'));
  });

  it('of truth takes the usual words in any case', async () => {
    expect(await decoded('BOOLEAN', ['true', 'FALSE', 'T', 'n', 'Yes', '0'])).toEqual([true, false, true, false, true, false]);
    expect(await decoded('BOOLEAN', ['2', 'on', 'ja', ' true'])).toEqual(Array(4).fill('!'));
  });

  it('of dates takes days that exist', async () => {
    expect(await decoded('DATE', ['2010-12-01', '2024-02-29'])).toEqual(['2010-12-01', '2024-02-29']);
    expect(await decoded('DATE', ['2024-02-30', '2023-02-29', '2010-13-01', '10-12-01', '2010/12/01', '2010-12-1', 'infinity', 'epoch', '0000-01-01', '2010-12-01 00:00:00'])).toEqual(Array(10).fill('!'));
    expect(await decoded('DATE', ['01/12/2010', '31/12/2010', '31/11/2010', '2010-12-01'], { format: '%d/%m/%Y' })).toEqual(['2010-12-01', '2010-12-31', '!', '!']);
  });

  it('of times is UTC, and heeds an offset', async () => {
    const texts = ['2010-12-01 08:26:00', '2010-12-01T08:26:00Z', '2010-12-01T08:26:00+02:00', '2010-12-01 08:26-05', '2010-12-01 08:26', '2010-12-01', '2010-12-01 08:26:00.123456000'];
    expect(await decoded('TIMESTAMP', texts)).toEqual(['2010-12-01 08:26:00', '2010-12-01 08:26:00', '2010-12-01 06:26:00', '2010-12-01 13:26:00', '2010-12-01 08:26:00', '2010-12-01 00:00:00', '2010-12-01 08:26:00.123456']);
    expect(await decoded('TIMESTAMP', ['2010-12-01 24:00:00', '2010-12-01 08:61', '2010-02-30 08:26', '08:26', '2010-12-01 08:26:00.1234567', '2010-12-01 08:26:00 UTC', 'now', 'infinity'])).toEqual(Array(8).fill('!'));
    expect(await decoded('TIMESTAMP', ['1.12.2010 8:26'], { format: '%d.%m.%Y %H:%M' })).toEqual(['2010-12-01 08:26:00']);
  });

  it('of text keeps it byte for byte; an empty field is null', async () => {
    expect(await decoded('VARCHAR', [' a ', "O'Neill", '漢😀', '1.0', 'null', ''])).toEqual([' a ', "O'Neill", '漢😀', '1.0', 'null', null]);
  });
});

describe('the rules of a row', () => {
  const columns = [column('n', 'BIGINT', { required: true }), column('t', 'VARCHAR', { required: true })];

  it('are listed in the order types, required columns, rules', async () => {
    const rows = await decode(columns, [['x', undefined], ['', ''], ['-1', 'a'], ['1', 'a']], [rule('positive', 'n > 0'), rule('odd', 'n % 2 = 1')]);
    expect(rows.map((row) => row['_weir_rules'])).toEqual([['type:n', 'required:t'], ['required:n', 'required:t'], ['positive', 'odd'], null]);
  });

  it('do not report a column of the wrong type twice, even where the rule is not null-safe', async () => {
    const rules = [rule('given', 'n is not null'), rule('other', "t <> 'n'"), rule('both', "coalesce(N, 0) > 0 and t = 'b'")];
    const rows = await decode(columns, [['x', 'n'], ['x', 'b']], rules);
    expect(rows.map((row) => row['_weir_rules'])).toEqual([['type:n', 'other'], ['type:n']]);
  });

  it('pass where they are null and break where they fail with an error', async () => {
    const rows = await decode([column('n', 'BIGINT'), column('t', 'VARCHAR')], [[undefined, '1'], ['1', 'x'], ['1', '1']], [rule('positive', 'n > 0'), rule('numeric', 't::BIGINT > 0')]);
    expect(rows.map((row) => row['_weir_rules'])).toEqual([null, ['numeric'], null]);
  });

  it('that are not critical leave the row good and a remark', async () => {
    const rows = await decode(columns, [['-1', 'a'], ['1', 'a']], [rule('positive', 'n > 0', 'warning')]);
    expect(rows.map((row) => [row['_weir_rules'], row['_weir_remarks']])).toEqual([[null, ['positive']], [null, null]]);
  });
});

describe('the id of a row', () => {
  it('is of its typed values: other spellings of the same values have the same one', async () => {
    const columns = [column('n', 'BIGINT'), column('d', 'DECIMAL(12,3)'), column('t', 'TIMESTAMP')];
    const rows = await decode(columns, [['17850.0', '2.5', '2010-12-01'], ['17850', '2.500', '2010-12-01T00:00:00Z'], ['17850', '2.501', '2010-12-01']]);
    expect(rows[0]?.['_weir_row_id']).toBe(rows[1]?.['_weir_row_id']);
    expect(rows[0]?.['_weir_row_id']).not.toBe(rows[2]?.['_weir_row_id']);
  });

  it('tells rows apart whose text only differs in where a field ends', async () => {
    const columns = [column('a', 'VARCHAR'), column('b', 'VARCHAR'), column('c', 'BIGINT')];
    const rows = await decode(columns, [['a', 'b', '1'], ['ab', '', '1'], ['', 'ab', '1'], ['a1:b', '', '1'], ['1:a', '1:b', ''], ['\u001f', '', ''], ['', '\u001f', ''], ['', '', ''], ['a\u001fb', '', '1'], ['a', '\u001fb', '1'], ['\u001f', '\u001f\u001f', ''], ['\u001f\u001f', '\u001f', '']]);
    expect(new Set(rows.map((row) => row['_weir_row_id'])).size).toBe(rows.length);
  });

  const columns = [column('a', 'VARCHAR'), column('n', 'BIGINT'), column('b', 'VARCHAR')];
  const idsOf = async (rows: (string | undefined)[][], emptyText?: 'keep') => (await decode(columns, rows, [], emptyText)).map((row) => row['_weir_row_id']);
  const hash = (...texts: string[]): string => createHash('md5').update(texts.join('\u001f')).digest('hex');

  it('stays what it was in rows that were stored long ago: null and empty text are the same, lengths follow where a text has the separator', async () => {
    expect(await idsOf([['x', '1', 'y'], ['x', undefined, ''], ['', '7', undefined], ['a\u001fb', '1', undefined]])).toEqual([hash('x', '1', 'y'), hash('x', '', ''), hash('', '7', ''), hash('a\u001fb', '1', '', '3', '0')]);
  });

  it('is the same where empty text is kept, save of rows that have some: these are told from those with null, wherever it stands', async () => {
    const without = [['x', '1', 'y'], [undefined, '1', 'y'], ['x', '', undefined], ['a\u001fb', '1', undefined], [undefined, undefined, undefined]];
    expect(await idsOf(without, 'keep')).toEqual(await idsOf(without));
    const texts = [undefined, '', '-', '0', '\u001f', '\u001f-', '-\u001f'];
    const all = texts.flatMap((a) => texts.flatMap((b) => [[a, undefined, b], [a, '1', b]]));
    expect(new Set(await idsOf(all, 'keep')).size).toBe(all.length);
  });
});

describe('empty text that is kept', () => {
  it('is a value of columns of text, which need not be there then; of other types it is null', async () => {
    const columns = [column('t', 'VARCHAR', { required: true }), column('n', 'BIGINT'), column('d', 'DATE', { format: '%d.%m.%Y' })];
    const rows = await decode(columns, [['', '', ''], [undefined, undefined, undefined]], [rule('short', 'length(t) < 3')], 'keep');
    expect(rows.map(({ t: text, n, d, _weir_rules: rules }) => ({ text, n, d, rules }))).toEqual([{ text: '', n: null, d: null, rules: null }, { text: null, n: null, d: null, rules: ['required:t'] }]);
  });
});
