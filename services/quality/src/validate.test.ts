import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { HEADER, line, retail, Workbench, type SourceFile } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());
beforeEach(async () => {
  bench.definition = retail();
  await bench.database.pool.query('truncate quality.quarantined_row, quality.account');
});

const file = (lines: (string | Buffer)[], name = 'day.csv', partition?: string): SourceFile => {
  const content = Buffer.concat([HEADER, ...lines].flatMap((text) => [Buffer.from(text), Buffer.from('\n')]));
  return partition === undefined ? { name, content } : { name, content, partition };
};

describe('rows that the contract admits', () => {
  it('become typed bronze with partition, row id and position', async () => {
    const { result, error } = await bench.validate([file([line('536365'), line('C536366', { 3: '-1', 6: '' })])]);
    expect(error).toBeUndefined();
    expect(result).toMatchObject({ accounts: { read: 2, admitted: 2, duplicate: 0, quarantined: 0, filtered: 0 }, bronze: { rows: 2 } });
    expect(await bench.rowsOf(result?.bronze, 'invoice_no, quantity, invoice_date, unit_price, customer_id, _weir_partition, _weir_position, length(_weir_row_id) as id')).toEqual([
      { invoice_no: '536365', quantity: 6, invoice_date: '2010-12-01 08:26:00', unit_price: '2.550', customer_id: 17850, _weir_partition: 'all', _weir_position: 'day.csv:2', id: 32 },
      { invoice_no: 'C536366', quantity: -1, invoice_date: '2010-12-01 08:26:00', unit_price: '2.550', customer_id: null, _weir_partition: 'all', _weir_position: 'day.csv:3', id: 32 },
    ]);
  });

  it.each([
    ['a byte order mark', `\ufeff${HEADER}\n${line('1')}\n`],
    ['CRLF line ends', `${HEADER}\r\n${line('1')}\r\n`],
    ['mixed line ends', `${HEADER}\r\n${line('1')}\n`],
    ['columns in another order', `Country,${HEADER.replace(',Country', '')}\nUnited Kingdom,${line('1').replace(',United Kingdom', '')}\n`],
  ])('are the same from a file with %s', async (_what, content) => {
    const plain = await bench.validate([file([line('1')])]);
    const other = await bench.validate([{ name: 'other.csv', content }]);
    const select = '* exclude (_weir_position)';
    expect(await bench.rowsOf(other.result?.bronze, select)).toEqual(await bench.rowsOf(plain.result?.bronze, select));
  });

  it('keep the right position after records of several lines and damaged ones, in every file', async () => {
    const lines = [line('1', { 2: '"two\nlines"' }), 'broken', line('2'), line('3', { 2: '"a\n\nb"' }), line('4')];
    const { result } = await bench.validate([file(lines, 'a.csv'), file(lines.slice(2).concat(line('5')), 'b.csv')]);
    const rows = await bench.rowsOf(result?.bronze, 'invoice_no, _weir_position');
    // The rows of b.csv that repeat those of a.csv are duplicates: both are of the partition `all`.
    expect(rows.map((row) => Object.values(row).join(' ')).sort()).toEqual(['1 a.csv:2', '2 a.csv:5', '3 a.csv:6', '4 a.csv:9', '5 b.csv:7']);
    expect(result?.accounts).toEqual({ read: 9, admitted: 5, duplicate: 3, quarantined: 1, filtered: 0 });
  });

  it('are listed by partition, with those that have no rows', async () => {
    const { result } = await bench.validate([file([line('2')], 'b.csv', '2010-12-02T00:00:00Z'), file([], 'a.csv', '2010-12-01T00:00:00Z')]);
    const manifest = result?.bronze && (await bench.lake.readManifest(result.bronze));
    expect(manifest?.datasets[0]).toMatchObject({
      dataset: 'bronze.orders',
      partitions: [{ partition: '2010-12-01T00:00:00Z', rows: 0 }, { partition: '2010-12-02T00:00:00Z', rows: 1 }],
      segments: [{ rows: 1, partitions: ['2010-12-02T00:00:00Z'] }],
    });
  });

  it('are the same however many small files they come in', async () => {
    const files = Array.from({ length: 2_100 }, (_, n) => file([line(`${n}`)], `${String(n).padStart(4, '0')}.csv`));
    const { result, error } = await bench.validate(files);
    expect([error, result?.accounts?.admitted]).toEqual([undefined, 2_100]);
    expect(await bench.rowsOf(result?.bronze, 'count(distinct invoice_no) as rows, max(_weir_position) as last')).toEqual([{ rows: 2_100, last: '2099.csv:2' }]);
  });

  it('may be none: an interval without files gives an empty bronze', async () => {
    const { result, error } = await bench.validate([]);
    expect({ error, accounts: result?.accounts, rows: result?.bronze?.rows }).toEqual({ error: undefined, accounts: { read: 0, admitted: 0, duplicate: 0, quarantined: 0, filtered: 0 }, rows: 0 });
  });
});

describe('a row that the contract does not admit', () => {
  it.each<[string, string | Buffer, string[], string]>([
    ['a number that does not parse', line('1', { 3: 'six' }), ['type:quantity'], 'quantity is not a whole number.'],
    ['a number that would be rounded', line('1', { 5: '2.5555' }), ['type:unit_price'], 'unit_price is not a number of 12 digits, 3 of them after the point.'],
    ['a date that does not exist', line('1', { 4: '2010-02-30 08:26:00' }), ['type:invoice_date'], 'invoice_date is not a time.'],
    ['an empty required field', line('1', { 1: '' }), ['required:stock_code'], 'stock_code is empty.'],
    ['a broken rule', line('1', { 5: '-0.001' }), ['unit_price_not_negative'], 'This does not hold: the price is not negative.'],
    ['several broken rules', line('', { 3: '-1', 5: '-1' }), ['required:invoice_no', 'unit_price_not_negative'], 'invoice_no is empty.'],
    ['too few fields', '1,2,3', ['too_few_fields'], 'The row has 3 fields, the header 8.'],
    ['too many fields', `${line('1')},more`, ['too_many_fields'], 'The row has 9 fields, the header 8.'],
    ['a stray quote', line('1', { 2: '5" NAIL' }), ['stray_quote'], 'A quote stands inside a field that is not quoted, or text follows a closing quote.'],
    ['invalid UTF-8', Buffer.from(line('1', { 2: 'CAF\xc9' }), 'latin1'), ['invalid_utf8'], 'The row is not UTF-8.'],
    ['a NUL byte', line('1', { 2: 'A\0B' }), ['nul_byte'], 'The row has a NUL byte.'],
    ['quotes and line ends in it', line('1', { 2: '"a ""b""\nc"', 3: 'x' }), ['type:quantity'], 'quantity is not a whole number.'],
    ['a blank line before it', '', ['blank_line'], 'The line is blank, and rows follow it.'],
  ])('for %s is in quarantine with its reason, line and original bytes', async (_what, bad, rules, reason) => {
    const { result, error } = await bench.validate([file([line('before'), bad, line('after')])]);
    expect(error).toBeUndefined();
    expect(result?.accounts).toEqual({ read: 3, admitted: 2, duplicate: 0, quarantined: 1, filtered: 0 });
    expect(await bench.quarantined()).toEqual([{ file: 'day.csv', line: 3, rules, reason, original: Buffer.from(bad), original_path: null }]);
    expect(result?.rules).toMatchObject(rules.map((rule) => ({ rule, rows: 1 })).sort((a, b) => (a.rule < b.rule ? -1 : 1)));
  });

  it('for a field of 10 MB is in quarantine as too large, its bytes as an object of the lake', async () => {
    const huge = line('1', { 2: 'x'.repeat(10_000_000) });
    const { result } = await bench.validate([file([line('before'), huge, line('after')])]);
    expect(result?.accounts).toMatchObject({ read: 3, admitted: 2, quarantined: 1 });
    const [row] = await bench.quarantined();
    expect(row).toMatchObject({ line: 3, rules: ['too_large'], original: null });
    const chunks: Buffer[] = [];
    for await (const chunk of createReadStream(bench.lake.absolute(row?.original_path ?? ''))) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(Buffer.from(huge))).toBe(true);
  });

  it('is the same quarantined row when the file is validated again, and keeps its status', async () => {
    const files = [file([line('1', { 3: 'x' }), line('2')])];
    await bench.validate(files);
    await bench.database.pool.query("update quality.quarantined_row set status = 'dropped'");
    await bench.validate(files, { runId: 'second' });
    const { rows } = await bench.database.pool.query('select run_id, status from quality.quarantined_row');
    expect(rows).toEqual([{ run_id: 'second', status: 'dropped' }]);
  });

  it('is kept once for each file, when two days have files with the same content', async () => {
    const lines = [line('1', { 3: 'x' })];
    await bench.validate([file(lines, 'a.csv', '2010-12-01T00:00:00Z'), file(lines, 'b.csv', '2010-12-02T00:00:00Z')]);
    expect((await bench.quarantined()).map((row) => row.file)).toEqual(['a.csv', 'b.csv']);
  });

  it('is one of many, written in batches, each with the bytes of its own line', async () => {
    bench.definition = retail({ failAbove: { share: 1, minRows: 100 } });
    const lines = Array.from({ length: 6_000 }, (_, n) => line(String(n), n % 2 ? { 3: `no ${n}` } : {}));
    const { result } = await bench.validate([file(lines.slice(0, 3_500), 'a.csv'), file(lines.slice(3_500), 'b.csv')]);
    expect(result?.accounts).toEqual({ read: 6_000, admitted: 3_000, duplicate: 0, quarantined: 3_000, filtered: 0 });
    const kept = await bench.quarantined();
    expect(kept.map((row) => row.original?.toString())).toEqual(lines.filter((_, n) => n % 2));
    expect(kept.every((row) => row.line === (row.file === 'a.csv' ? 2 : 2 - 3_500) + Number(row.original?.toString().split(',')[0]))).toBe(true);
  });

  it('by a rule that only warns is admitted and counted', async () => {
    bench.definition = retail({ dataset: { rules: [{ id: 'cheap', severity: 'warning', type: 'accuracy', predicate: 'unit_price < 100', description: 'cheap' }] } });
    const { result } = await bench.validate([file([line('1', { 5: '500' }), line('2')])]);
    expect(result).toMatchObject({ accounts: { admitted: 2, quarantined: 0 }, rules: [{ rule: 'cheap', rows: 1, severity: 'SEVERITY_WARNING', samples: ['day.csv:2: This does not hold: cheap.'] }] });
  });
});

describe('a file that is damaged', () => {
  it.each<[string, string | Buffer, string, string]>([
    ['with a wrong header', `${HEADER.replace('Country', 'Land')}\n${line('1')}\n`, 'HEADER_MISMATCH', 'b.csv:1'],
    ['with a column twice', `${HEADER},Country\n${line('1')},x\n`, 'HEADER_MISMATCH', 'b.csv:1'],
    ['without a header', '', 'FILE_MALFORMED', 'b.csv:1'],
    ['that is binary', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0xff, 0xfe, 10, 1, 2]), 'FILE_MALFORMED', 'b.csv:1'],
    ['that is gzip cut short', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0xff, 0xfe, 10, 1, 2]), 'FILE_TRUNCATED', 'b.csv'],
    ['with a quote that is never closed', `${HEADER}\n${line('1')}\n${line('2', { 2: '"open' })}\n${line('3')}\n`, 'FILE_MALFORMED', 'b.csv:3'],
    ['that ends in the middle of a row', `${HEADER}\n${line('1')}\n536365,85123A,WHI`, 'FILE_TRUNCATED', 'b.csv:3'],
  ])('%s ends the run with code, file and line, and nothing is written', async (_what, content, code, place) => {
    const { result, error } = await bench.validate([file([line('1', { 3: 'x' })], 'a.csv'), { name: 'b.csv', content }]);
    expect({ result, code: error?.code, place: error?.place }).toEqual({ result: undefined, code, place });
    expect(await bench.quarantined()).toEqual([]);
    expect(await readdir(bench.lake.absolute('tmp'))).toEqual([]);
  });

  it('names what its header lacks and what it has instead', async () => {
    const { error } = await bench.validate([{ name: 'b.csv', content: `${HEADER.replace('Country', 'Land')}\n` }]);
    expect(error?.message).toBe('The header does not have column `Country` and has the unknown column `Land`.');
  });

  it('in the lake is not what was extracted: SEGMENT_CORRUPT', async () => {
    const raw = await bench.stageRaw('run', [file([line('1')])]);
    const manifest = await bench.lake.readManifest(raw);
    const [dataset] = manifest.datasets;
    const segments = dataset?.segments.map((segment) => ({ ...segment, sha256: 'a'.repeat(64) })) ?? [];
    const forged = await bench.lake.writeManifest({ ...manifest, attempt: 'forged', datasets: [{ dataset: 'raw.orders', partitions: [], segments }] });
    expect((await bench.validateRaw('run', forged)).error?.code).toBe('SEGMENT_CORRUPT');
  });
});

describe('a validation', () => {
  it('records accounts that close for each partition', async () => {
    const runId = randomUUID();
    await bench.validate([file([line('1'), line('1'), 'broken'], 'a.csv', '2010-12-01T00:00:00Z'), file([line('1', { 3: 'x' })], 'b.csv', '2010-12-02T00:00:00Z')], { runId });
    const { rows } = await bench.database.pool.query('select partition, read::int, admitted::int, duplicate::int, quarantined::int from quality.account where run_id = $1 order by 1', [runId]);
    expect(rows).toEqual([
      { partition: '2010-12-01T00:00:00Z', read: 3, admitted: 1, duplicate: 1, quarantined: 1 },
      { partition: '2010-12-02T00:00:00Z', read: 1, admitted: 0, duplicate: 0, quarantined: 1 },
    ]);
  });

  it('that is cancelled stops within the time allowed, writes nothing and leaves no temporary files', async () => {
    const cancel = new AbortController();
    const many = file(Array.from({ length: 200_000 }, (_, n) => line(String(n), { 3: n % 100 ? '6' : 'x' })));
    const raw = await bench.stageRaw('cancelled', [many]);
    const started = performance.now();
    setTimeout(() => cancel.abort(), 150);
    const { result, error } = await bench.validateRaw('cancelled', raw, cancel.signal);
    expect({ result, code: error?.code }).toEqual({ result: undefined, code: 'CANCELLED' });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await bench.quarantined()).toEqual([]);
    expect(await readdir(bench.lake.absolute('tmp'))).toEqual([]);
  });

  it('of a large file with quotes agrees with the engine that reads it in parts', async () => {
    const lines = Array.from({ length: 250_000 }, (_, n) => line(String(n), n % 3 ? {} : { 2: `"A ""B"", ${n}"` }));
    const { result } = await bench.validate([file(lines)]);
    expect(result?.accounts).toMatchObject({ read: 250_000, admitted: 250_000 });
    const [checked] = await bench.rowsOf(result?.bronze, "count(*) filter (where _weir_position = 'day.csv:' || (invoice_no::BIGINT + 2)) as right_place");
    expect(checked).toEqual({ right_place: 250_000 });
  });
});
