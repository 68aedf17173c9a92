import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir, type TempDir } from '@weir/testkit';
import { findRecords } from './find-records';
import { rewriteCsv } from './rewrite-csv';
import type { LineRun } from './record-book';
import { scanCsv, type CsvScan } from './scan';

let dir: TempDir;
let path: string;
beforeEach(async () => {
  dir = await tempDir();
  path = join(dir.path, 'day.csv');
});
afterEach(() => dir.dispose());

const options = { name: 'day.csv', delimiter: ',' };

async function scan(content: string | Buffer): Promise<CsvScan & { runs: LineRun[] }> {
  await writeFile(path, content);
  const runs: LineRun[] = [];
  return { ...(await scanCsv(path, { ...options, onLineRun: (run) => runs.push(run) })), runs };
}

async function cleaned(scanned: CsvScan): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of rewriteCsv(path, scanned, options)) chunks.push(chunk);
  const copy = Buffer.concat(chunks).toString();
  expect(copy[0]).toBe('\ufeff');
  return copy.slice(1);
}

/** Damage as `line offset+length name`. */
const damageOf = (scanned: CsvScan): string[] => scanned.damaged.map(({ line, offset, length, damage }) => `${line} ${offset}+${length} ${damage}`);

describe('a file without damage', () => {
  it.each([
    ['plain lines', 'a,b\n1,2\n3,4\n', 2],
    ['no line end after the last row', 'a,b\n1,2\n3,4', 2],
    ['CRLF line ends', 'a,b\r\n1,2\r\n3,4\r\n', 2],
    ['a header alone', 'a,b\n', 0],
    ['a header alone without line end', 'a,b', 0],
    ['a byte order mark', '\ufeffa,b\n1,2\n', 1],
    ['a byte order mark before a quoted header', '\ufeff"a","b"\n1,2\n', 1],
    ['line ends and doubled quotes inside quotes', 'a,b\n1,"x\r\ny ""z"""\n3,4\n', 2],
    ['empty fields, quoted or not', 'a,b\n,\n"",""\n', 2],
  ])('with %s is read as it stands', async (_what, content, records) => {
    const scanned = await scan(content);
    expect(scanned).toMatchObject({ header: ['a', 'b'], records, damaged: [], plain: true, bytes: Buffer.byteLength(content) });
  });

  it('tells the line of each record when records cover several lines', async () => {
    const scanned = await scan('a,b\n1,"x\ny"\n2,z\n3,"p\n\nq"\n4,z\n');
    expect(scanned).toMatchObject({ records: 4, shift: 2, multiline: true });
    // Lines 2, 4, 5, 8: ordinals 0, 1, 2, 3.
    expect(scanned.runs).toEqual([{ ordinal: 1, shift: 3 }, { ordinal: 3, shift: 5 }]);
  });

  it('that mixes line ends is read, but needs a copy with one kind', async () => {
    const scanned = await scan('a,b\r\n1,"x\r\ny"\n3,4\r\n');
    expect(scanned).toMatchObject({ records: 2, damaged: [], plain: false });
    expect(await cleaned(scanned)).toBe('a,b\n1,"x\r\ny"\n3,4\n');
  });

  it.each(['"a\r\n",b\n1,2\n', '"a\n",b\r\n1,2\r\n', '"a\r",b\n1,2\n'])('whose header has a line end (%j) needs a copy, because the engine would take it for that of the file', async (content) => {
    const scanned = await scan(content);
    expect(scanned).toMatchObject({ records: 1, damaged: [], plain: false });
    expect(await cleaned(scanned)).toBe(content.replaceAll(/\r\n(?!",)/g, '\n'));
  });

  it('with blank lines at its end has no rows there', async () => {
    const scanned = await scan('a,b\n1,2\n\n\r\n\n');
    expect(scanned).toMatchObject({ records: 1, damaged: [], plain: false });
    expect(await cleaned(scanned)).toBe('a,b\n1,2\n');
  });

  it('of one column takes a blank line for a row without a value, save at the end', async () => {
    const scanned = await scan('a\n1\n\n2\n\n');
    expect(scanned).toMatchObject({ header: ['a'], records: 3, damaged: [] });
    expect(await cleaned(scanned)).toBe('a\n1\n""\n2\n');
  });
});

describe('a damaged record', () => {
  it.each<[string, string | Buffer, string[], number?]>([
    ['too few fields', 'a,b\n1\n3,4\n', ['2 4+1 too_few_fields']],
    ['too many fields', 'a,b\n1,2,3\n3,4\n', ['2 4+5 too_many_fields']],
    ['a blank line with rows after it', 'a,b\n1,2\n\n3,4\n', ['3 8+0 blank_line'], 2],
    ['a quote inside a plain field', 'a,b\n1,x"y\n3,4\n', ['2 4+5 stray_quote']],
    ['a space before a quote', 'a,b\n1, "x"\n3,4\n', ['2 4+6 stray_quote']],
    ['text after a closing quote', 'a,b\n1,"x"y\n3,4\n', ['2 4+6 stray_quote']],
    ['a carriage return alone', 'a,b\n1,x\ry\n3,4\n', ['2 4+5 stray_carriage_return']],
    ['a carriage return too many', 'a,b\n1,2\r\r\n3,4\r\n', ['2 4+4 stray_carriage_return']],
    ['a NUL', 'a,b\n1,x\0y\n3,4\n', ['2 4+5 nul_byte']],
    ['a NUL in quotes', 'a,b\n1,"x\0y"\n3,4\n', ['2 4+7 nul_byte']],
    ['bytes that are not UTF-8', Buffer.from('a,b\n1,\xe9\n3,\u00e9\n', 'latin1'), ['2 4+3 invalid_utf8', '3 8+3 invalid_utf8'], 0],
  ])('with %s is set apart with its line and bytes', async (_what, content, damage, records = 1) => {
    const scanned = await scan(content);
    expect(damageOf(scanned)).toEqual(damage);
    expect(scanned).toMatchObject({ records, plain: false });
  });

  it('moves neither the lines nor the bytes of the records after it', async () => {
    const scanned = await scan('a,b\nx\n1,2\ny\nz\n3,4\n');
    expect(damageOf(scanned)).toEqual(['2 4+1 too_few_fields', '4 10+1 too_few_fields', '5 12+1 too_few_fields']);
    expect({ shift: scanned.shift, runs: scanned.runs }).toEqual({ shift: 3, runs: [{ ordinal: 1, shift: 5 }] });
    expect(await cleaned(scanned)).toBe('a,b\n1,2\n3,4\n');
  });

  it('of 10 MB is set apart without being held in memory', async () => {
    const scanned = await scan(`a,b\n1,"${'x\n'.repeat(5_000_000)}"\n3,4\n`);
    expect(damageOf(scanned)).toEqual([`2 4+${2 + 10_000_000 + 2} too_large`]);
    expect({ records: scanned.records, shift: scanned.shift }).toEqual({ records: 1, shift: 5_000_003 });
  });

  it('of 1 MiB is still a row', async () => {
    const scanned = await scan(`a,b\n1,${'x'.repeat(1024 * 1024 - 2)}\n1,${'x'.repeat(1024 * 1024 - 1)}\n`);
    expect(damageOf(scanned)).toEqual([`3 ${4 + 1024 * 1024 + 1}+${1024 * 1024 + 1} too_large`]);
  });

  it('with valid characters across the chunks that a file is read in is none', async () => {
    const scanned = await scan(`a,b\n${'é漢😀,x\n'.repeat(300_000)}`);
    expect(scanned).toMatchObject({ records: 300_000, damaged: [], plain: true });
  });
});

describe('a damaged file', () => {
  it.each([
    ['is empty', '', 'FILE_MALFORMED', 'day.csv:1'],
    ['begins with a blank line', '\na,b\n', 'FILE_MALFORMED', 'day.csv:1'],
    ['is UTF-16', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), 'FILE_MALFORMED', 'day.csv:1'],
    ['is binary', Buffer.from('PK\x03\x04\x00\x00\xff\xfe\n\x00\x01\n', 'latin1'), 'FILE_MALFORMED', 'day.csv:1'],
    ['has no line end in its first MiB', 'x'.repeat(2_000_000), 'FILE_MALFORMED', 'day.csv:1'],
    ['has a quote that is never closed', 'a,b\n1,2\n3,"4\n5,6\n', 'FILE_MALFORMED', 'day.csv:3'],
    ['has a quote whose end is another quote, lines later', 'a,b\n1,2\n3,"4\n5,"six"\n7,8\n', 'FILE_MALFORMED', 'day.csv:3'],
    ['has a quote in its header that is never closed', 'a,"b\n1,2\n', 'FILE_MALFORMED', 'day.csv:1'],
    ['ends in the middle of a row', 'a,b,c\n1,2,3\n4,5', 'FILE_TRUNCATED', 'day.csv:3'],
    ['ends inside quotes in the middle of a row', 'a,b,c\n1,2,3\n4,"5', 'FILE_TRUNCATED', 'day.csv:3'],
  ])('that %s is refused with its line', async (_what, content, code, place) => {
    await expect(scan(content)).rejects.toMatchObject({ code, place });
  });

  it('with more damage than can be kept apart is refused as a whole', async () => {
    await expect(scan(`a,b\n${'x\n'.repeat(100_001)}1,2\n`)).rejects.toMatchObject({ code: 'FILE_MALFORMED', place: 'day.csv:100002' });
  });
});

describe('findRecords', () => {
  it('gives the bytes, offset and line of any record, however far into the file', async () => {
    const rows = Array.from({ length: 2_000 }, (_, n) => (n % 7 === 3 ? `${n},"p\n${'é'.repeat(n % 50)}"` : `${n},z`));
    const damagedAt = new Set([5, 300, 301, 1_999]);
    const lines = rows.flatMap((row, n) => (damagedAt.has(n) ? ['broken', row] : [row]));
    const scanned = await scan(`a,b\r\n${lines.join('\r\n')}\r\n`);
    const wanted = [0, 4, 5, 255, 256, 257, 299, 300, 301, 1_500, 1_999];
    const found: string[] = [];
    for await (const { ordinal, offset, line, bytes } of findRecords(path, scanned, wanted, options)) {
      expect(ordinal).toBe(wanted[found.length]);
      const before = Buffer.from(`a,b\r\n${lines.join('\r\n')}\r\n`).subarray(0, offset).toString();
      expect(line).toBe(before.split('\n').length);
      found.push(bytes.toString());
    }
    expect(found).toEqual(wanted.map((n) => rows[n]));
  });
});
