import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CSV_LAYOUT, type Definition, type FileLayout } from '@weir/core';
import { withEngine } from '@weir/engine';
import { HEADER, line, retail, Workbench } from '../testing/workbench';
import { tryRows } from '../try-rows';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());

const NAMES = HEADER.split(',');

/** One good row, one with a quote, a delimiter and a line end in it, one of the wrong type, one without its price, one that breaks a rule, and a copy of the first. */
const ROWS = [line('1'), line('2', { 2: 'A "LAMP"; <LF>, BLUE \\ 漢' }), line('3', { 3: 'six' }), line('4', { 5: '' }), line('5', { 5: '-1' }), line('1')].map((text) => {
  const fields = text.replace(', BLUE', '\u0000 BLUE').split(',').map((field) => field.replaceAll('\u0000', ',').replace('<LF>', '\n'));
  return Object.fromEntries(NAMES.map((name, at) => [name, fields[at] ?? '']));
});

const quoted = (quote: string, escape: string) => (field: string): string => `${quote}${field.replaceAll(escape, escape === quote ? escape : escape + escape).replaceAll(quote, escape + quote)}${quote}`;
const csv = (delimiter: string, quote = '"', escape = quote, header = true): string => [...(header ? [NAMES.join(delimiter)] : []), ...ROWS.map((row) => NAMES.map((name) => quoted(quote, escape)(row[name] ?? '')).join(delimiter))].map((each) => `${each}\n`).join('');

const VALUES = `(values ${ROWS.map((row) => `(${NAMES.map((name) => (row[name] === '' ? 'null' : `'${(row[name] ?? '').replaceAll("'", "''")}'`)).join(', ')})`).join(', ')}) v(${NAMES.join(', ')})`;

/** A file that the engine writes. */
async function writtenBy(select: string, options: string): Promise<Buffer> {
  const path = join(bench.dir.path, 'written');
  await withEngine({ inputs: [], staging: bench.dir.path, memoryLimit: '128MB', threads: 1 }, (engine) => engine.run(`copy (${select}) to '${path}' (${options})`));
  return readFile(path);
}

/** The same rows as Parquet, whose columns have types; what is not of its type can only be text there. */
const parquet = (): Promise<Buffer> =>
  writtenBy(`select InvoiceNo, StockCode, Description, Quantity, InvoiceDate::TIMESTAMP as InvoiceDate, UnitPrice::DECIMAL(9,2) as UnitPrice, CustomerID::DOUBLE as CustomerID, Country from ${VALUES}`, 'format parquet');

function reading(layout: Partial<FileLayout>): Definition {
  const base = retail({ dataset: { checks: [] }, failAbove: { share: 1, minRows: 100 } });
  return { ...base, source: { type: 'file', dataset: 'orders', path: '/data/*', empty: 'error', layout: { ...CSV_LAYOUT, ...layout } } };
}

const FORMATS: readonly (readonly [string, Partial<FileLayout>, () => Promise<Buffer> | Buffer])[] = [
  ['CSV', {}, () => Buffer.from(csv(','))],
  ['CSV of another dialect', { delimiter: ';', quote: "'", escape: '\\' }, () => Buffer.from(csv(';', "'", '\\'))],
  ['CSV without a header, after lines of words', { delimiter: '|', header: false, skipLines: 2 }, () => Buffer.from(`report of the day\n"what a, line\n${csv('|', '"', '"', false)}`)],
  ['JSON lines', { format: 'ndjson' }, () => Buffer.from(ROWS.map((row) => `${JSON.stringify(row)}\r\n`).join(''))],
  ['a JSON list', { format: 'json' }, () => Buffer.from(JSON.stringify(ROWS, undefined, 2))],
  ['a JSON document', { format: 'json', records: 'data.items' }, () => Buffer.from(JSON.stringify({ next: null, data: { count: 6, items: ROWS } }, undefined, 1))],
  ['CSV as gzip', {}, () => gzipSync(csv(','))],
  ['JSON lines as Zstandard', { format: 'ndjson', compression: 'zstd' }, () => writtenBy(`select * from ${VALUES}`, 'format json, compression zstd')],
  ['CSV in UTF-16, as gzip, after a line of words', { encoding: 'utf-16', skipLines: 1 }, () => gzipSync(Buffer.from(`\ufeffreport\n${csv(',')}`, 'utf16le'))],
  ['Parquet', { format: 'parquet' }, parquet],
];

describe.each(FORMATS)('%s', (_name, layout, content) => {
  test('gives the rows that its records are, and sets the others aside', async () => {
    await bench.database.pool.query('truncate quality.quarantined_row');
    bench.definition = reading(layout);
    const { result, error } = await bench.validate([{ name: 'rows', content: await content() }]);
    expect(error).toBeUndefined();
    expect(result?.accounts).toEqual({ read: 6, admitted: 2, duplicate: 1, quarantined: 3, filtered: 0 });
    const rows = await bench.rowsOf(result?.bronze, 'invoice_no, description, quantity, invoice_date::VARCHAR as at, unit_price::VARCHAR as price, customer_id');
    expect(rows).toEqual([
      { invoice_no: '1', description: 'WHITE HANGING HEART', quantity: 6, at: '2010-12-01 08:26:00', price: '2.550', customer_id: 17850 },
      { invoice_no: '2', description: 'A "LAMP"; \n, BLUE \\ 漢', quantity: 6, at: '2010-12-01 08:26:00', price: '2.550', customer_id: 17850 },
    ]);
    const quarantined = await bench.quarantined();
    expect(quarantined.map(({ rules }) => rules)).toEqual([['type:quantity'], ['required:unit_price'], ['unit_price_not_negative']]);
    for (const [at, { original }] of quarantined.entries()) expect(original?.toString()).toContain(['six', '', '-1'][at]);
  });

  test('has rows that the quarantine lets go when the contract does', async () => {
    await bench.database.pool.query('truncate quality.quarantined_row');
    bench.definition = reading(layout);
    await bench.validate([{ name: 'rows', content: await content() }]);
    const [orders] = bench.definition.contract.datasets;
    if (!orders) throw new Error('no contract');
    const loosened = { ...orders, rules: [], columns: orders.columns.map((column) => ({ ...column, required: column.name !== 'unit_price' && column.required })) };
    bench.definition = { ...bench.definition, contract: { ...bench.definition.contract, version: '2.0.0', datasets: [loosened] } };
    bench.catalog.definitions.set('retail', bench.definition);
    const page = await tryRows(bench.dependencies, { pipeline: 'retail', filter: undefined, cursor: '', grains: 0 }, new AbortController().signal);
    expect(page.rules.map(({ rule, landing, staying }) => [rule, landing, staying] as const).toSorted(([a], [b]) => (a < b ? -1 : 1))).toEqual([['required:unit_price', 1, 0], ['type:quantity', 0, 1], ['unit_price_not_negative', 1, 0]]);
  });
});

test('a Parquet file with a page that cannot be read is refused as a whole, and one that was cut is told from one that never was Parquet', async () => {
  bench.definition = reading({ format: 'parquet' });
  const whole = await parquet();
  const spoilt = Buffer.from(whole);
  spoilt.fill(0xff, 4, 60);
  for (const [content, code] of [[spoilt, 'FILE_MALFORMED'], [whole.subarray(0, -9), 'FILE_TRUNCATED']] as const) {
    const { error } = await bench.validate([{ name: 'rows', content }]);
    expect(error).toMatchObject({ code, place: 'rows' });
  }
});

/** Each format with empty text, null, and a field that is not of text; JSON as it is written for people. */
const EMPTIES: readonly (readonly [string, Partial<FileLayout>, () => Promise<Buffer> | string])[] = [
  ['CSV', {}, () => 'id,note,amount\n1,"",""\n2,,\n3,"a",1\n'],
  ['CSV of another dialect beside a row that is damaged', { delimiter: ';', quote: "'", escape: '\\' }, () => "id;note;amount\n1;'';''\n2;;\nbroken\n3;'a';1\n"],
  ['JSON lines', { format: 'ndjson' }, () => '{"id":1,"note":"","amount":""}\n{"id":2,"note":null}\n{"id":3,"note":"a","amount":1}\n'],
  ['a JSON list', { format: 'json' }, () => '[{"id":1,"note":"","amount":""},\n {"id":2,"note":null}, {"id":3,"note":"a","amount":1}]'],
  ['Parquet', { format: 'parquet' }, () => writtenBy("select * from (values (1, '', null), (2, null, null), (3, 'a', 1)) v(id, note, amount)", 'format parquet')],
];

test.each(EMPTIES)('empty text of %s is null, or itself where the source keeps it', async (_what, layout, content) => {
  const columns = [{ name: 'id', type: 'BIGINT' }, { name: 'note', type: 'VARCHAR' }, { name: 'amount', type: 'DECIMAL(9,2)' }] as const;
  const orders = { columns: columns.map((column) => ({ ...column, physicalName: column.name, required: false })), rules: [], checks: [] };
  for (const [emptyText, expected] of [[undefined, null], ['keep', '']] as const) {
    const { source } = reading(layout);
    bench.definition = { ...retail({ dataset: orders, failAbove: { share: 1, minRows: 100 } }), source: { ...source, ...(emptyText && { emptyText }) } };
    const { result, error } = await bench.validate([{ name: 'rows', content: await content() }]);
    expect(error).toBeUndefined();
    const rows = await bench.rowsOf(result?.bronze, 'id::INTEGER as id, note, amount::VARCHAR as amount');
    expect(rows.toSorted((a, b) => Number(a['id']) - Number(b['id']))).toEqual([{ id: 1, note: expected, amount: null }, { id: 2, note: null, amount: null }, { id: 3, note: 'a', amount: '1.00' }]);
  }
});

test('a row without a key is another one where it has empty text instead of null, and not the copy of one; of one column it cannot be told', async () => {
  const orders = (...names: string[]) => ({ columns: names.map((name) => ({ name, physicalName: name, type: 'VARCHAR' as const, required: false })), rules: [], checks: [] });
  const read = async (columns: readonly string[], content: string): Promise<unknown> => {
    bench.definition = { ...retail({ dataset: orders(...columns) }), source: { ...reading({}).source, emptyText: 'keep' } };
    const { result, error } = await bench.validate([{ name: 'rows', content }]);
    expect(error).toBeUndefined();
    return { duplicate: result?.accounts?.duplicate, rows: await bench.rowsOf(result?.bronze, columns.join()) };
  };
  expect(await read(['a', 'b'], 'a,b\nx,\nx,""\nx,\n')).toEqual({ duplicate: 1, rows: [{ a: 'x', b: null }, { a: 'x', b: '' }] });
  expect(await read(['a'], 'a\nx\n""\ny\n')).toEqual({ duplicate: 0, rows: [{ a: 'x' }, { a: null }, { a: 'y' }] });
});

test('the first record may have a line end of another kind in quotes', async () => {
  bench.definition = reading({});
  const fields = line('1').split(',');
  const { result, error } = await bench.validate([{ name: 'rows', content: `${HEADER}\n${fields.with(2, '"A\r\nB"').join(',')}\n${line('2')}\n` }]);
  expect(error).toBeUndefined();
  const rows = await bench.rowsOf(result?.bronze, 'invoice_no, description');
  expect(rows.toSorted((a, b) => Number(a['invoice_no']) - Number(b['invoice_no']))).toEqual([{ invoice_no: '1', description: 'A\r\nB' }, { invoice_no: '2', description: 'WHITE HANGING HEART' }]);
});

test.each<[string, Partial<FileLayout>, string, string, string]>([
  ['JSON lines that end inside one', { format: 'ndjson' }, '{"InvoiceNo":"1"}\n{"InvoiceNo":', 'FILE_TRUNCATED', 'rows:2'],
  ['a document without its records', { format: 'json', records: 'data' }, '{"items":[]}', 'FILE_MALFORMED', 'rows:1'],
  ['a name that says gzip, and text', { compression: 'gzip' }, `${HEADER}\n`, 'FILE_MALFORMED', 'rows'],
  ['text that is no Parquet', { format: 'parquet' }, 'InvoiceNo,StockCode\n', 'FILE_MALFORMED', 'rows'],
])('%s are refused as a whole', async (_what, layout, content, code, place) => {
  bench.definition = reading(layout);
  const { error } = await bench.validate([{ name: 'rows', content }]);
  expect(error).toMatchObject({ code, place });
});
