import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir, type TempDir } from '@weir/testkit';
import type { CsvDialect } from './csv-dialect';
import { findRecords } from './find-records';
import { rewriteCsv } from './rewrite-csv';
import { scanCsv, type CsvScan } from './scan';
import { splitRecord } from './split-record';

let dir: TempDir;
let path: string;
beforeEach(async () => {
  dir = await tempDir();
  path = join(dir.path, 'day.csv');
});
afterEach(() => dir.dispose());

async function scan(content: string | Buffer, dialect: CsvDialect): Promise<CsvScan> {
  await writeFile(path, content);
  return scanCsv(path, { name: 'day.csv', ...dialect });
}

async function cleaned(scanned: CsvScan, dialect: CsvDialect): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of rewriteCsv(path, scanned, { name: 'day.csv', ...dialect })) chunks.push(chunk);
  const copy = Buffer.concat(chunks).toString();
  expect(copy[0]).toBe('\ufeff');
  return copy.slice(1);
}

const damageOf = (scanned: CsvScan): string[] => scanned.damaged.map(({ line, offset, length, damage }) => `${line} ${offset}+${length} ${damage}`);

describe('another quote', () => {
  const dialect = { delimiter: ';', quote: "'" };

  it('encloses line ends and delimiters, and `"` is text', async () => {
    const scanned = await scan(`a;b\n1;'x;\ny ''z'''\n2;5"\n`, dialect);
    expect(scanned).toMatchObject({ header: ['a', 'b'], records: 2, damaged: [], plain: true, multiline: true });
  });

  it('that stands inside a field is damage', async () => {
    const scanned = await scan(`a;b\n1;x'y\n2;z\n`, dialect);
    expect(damageOf(scanned)).toEqual(['2 4+5 stray_quote']);
    expect(await cleaned(scanned, dialect)).toBe('a;b\n2;z\n');
  });

  it('is what an empty row of one column is written with', async () => {
    expect(await cleaned(await scan('a\n1\n\n2\n\n', dialect), dialect)).toBe("a\n1\n''\n2\n");
  });
});

describe('no quote', () => {
  it('makes every `"` text, so that a line is a record', async () => {
    const scanned = await scan('a\tb\n"x\t"y\n5"\t""\n', { delimiter: '\t', quote: '' });
    expect(scanned).toMatchObject({ records: 2, damaged: [], plain: true, multiline: false });
    expect(splitRecord(Buffer.from('5"\t""'), '\t', { quote: '' })).toEqual(['5"', '""']);
  });
});

describe('a backslash that escapes', () => {
  const dialect = { delimiter: ',', escape: '\\' };

  it.each([
    ['a quote inside quotes', String.raw`"x\"y,z",2`, 'x"y,z', '"x""y,z",2'],
    ['itself before the closing quote', String.raw`"x\\",2`, String.raw`x\ `.trim(), String.raw`"x\",2`],
    ['a quote at the start of a field', String.raw`"\"",2`, '"', '"""",2'],
    ['nothing else', String.raw`"C:\new\,",2`, String.raw`C:\new\,`, String.raw`"C:\new\,",2`],
    ['nothing outside quotes', String.raw`\N\x,2`, String.raw`\N\x`, String.raw`\N\x,2`],
    ['nothing where quotes are doubled', '"x""y",2', 'x"y', '"x""y",2'],
    ['a line end that is part of the field anyway', '"x\\\ny",2', 'x\\\ny', '"x\\\ny",2'],
  ])('escapes %s; the copy has doubled quotes', async (_what, record, value, copied) => {
    const scanned = await scan(`a,b\n${record}\n3,4\n`, dialect);
    expect(scanned).toMatchObject({ records: 2, damaged: [], plain: false });
    expect(await cleaned(scanned, dialect)).toBe(`a,b\n${copied}\n3,4\n`);
    expect(splitRecord(Buffer.from(record), ',', dialect)).toEqual([value, '2']);
  });

  it('leaves a quote open that it escapes at the end of a field', async () => {
    await expect(scan('a,b\n1,"x\\"\n3,4\n', dialect)).rejects.toMatchObject({ code: 'FILE_MALFORMED', place: 'day.csv:2' });
    await expect(scan('a,b\n"x\\', dialect)).rejects.toMatchObject({ code: 'FILE_TRUNCATED', place: 'day.csv:2' });
  });

  it('moves no line and hides no damage', async () => {
    const scanned = await scan('a,b\n"p\\\n\\"q",1\n"x\\\0",2\n3\n4,5\n', dialect);
    expect(damageOf(scanned)).toEqual(['4 15+7 nul_byte', '5 23+1 too_few_fields']);
    expect(scanned).toMatchObject({ records: 2, shift: 2 });
  });

  it('counts where it stands apart from its quote in two chunks of a file', async () => {
    // The first chunk ends after 1 MiB: behind the escape.
    const before = `a,b\n${'1,2\n'.repeat(262_142)}"x`;
    const scanned = await scan(`${before}\\"y",3\n`, dialect);
    expect(before.length + 1).toBe(1024 * 1024 - 1);
    expect(scanned).toMatchObject({ records: 262_143, damaged: [] });
  });
});

describe('a file without a header', () => {
  const dialect = { delimiter: ',', header: ['a', 'b'] };

  it('has a row in its first line', async () => {
    const scanned = await scan('\ufeff1,2\n3\n4,5\n', dialect);
    expect(scanned).toMatchObject({ header: ['a', 'b'], records: 2, shift: 1, start: 3 });
    expect(damageOf(scanned)).toEqual(['2 7+1 too_few_fields']);
    expect(await cleaned(scanned, dialect)).toBe('1,2\n4,5\n');
  });

  it('may have no rows', async () => {
    expect(await scan('', dialect)).toMatchObject({ header: ['a', 'b'], records: 0, plain: true });
  });

  it('that stops short is truncated', async () => {
    await expect(scan('1,2\n3', dialect)).rejects.toMatchObject({ code: 'FILE_TRUNCATED', place: 'day.csv:2' });
  });
});

describe('lines to skip', () => {
  const dialect = { delimiter: ',', skipLines: 2 };

  it('are not looked at, whatever they hold, and the lines after them keep their numbers', async () => {
    const scanned = await scan('Report "of\r\n\0,,,\na,b\n1,2\n3\n4,5\n', dialect);
    expect(scanned).toMatchObject({ header: ['a', 'b'], records: 2, shift: 4, start: 17, plain: false });
    expect(damageOf(scanned)).toEqual(['5 25+1 too_few_fields']);
    expect(await cleaned(scanned, dialect)).toBe('a,b\n1,2\n4,5\n');
    const found = [];
    for await (const { line, bytes } of findRecords(path, scanned, [1], { name: 'day.csv', ...dialect })) found.push([line, bytes.toString()]);
    expect(found).toEqual([[6, '4,5']]);
  });

  it('may be longer than a chunk', async () => {
    const scanned = await scan(`${'x'.repeat(3_000_000)}\n\na,b\n1,2\n`, dialect);
    expect(scanned).toMatchObject({ header: ['a', 'b'], records: 1, start: 3_000_002 });
    expect(await cleaned(scanned, dialect)).toBe('a,b\n1,2\n');
  });

  it('that the file does not have make it malformed', async () => {
    await expect(scan('one\ntwo', dialect)).rejects.toMatchObject({ code: 'FILE_MALFORMED', message: expect.stringContaining('fewer lines than the 2') });
  });
});

it.each([
  ['a delimiter of two characters', { delimiter: '||' }, 'delimiter'],
  ['a delimiter that is not ASCII', { delimiter: '¦' }, 'delimiter'],
  ['a line end as quote', { delimiter: ',', quote: '\n' }, 'quote'],
  ['a delimiter that is the quote', { delimiter: "'", quote: "'" }, 'delimiter'],
  ['an escape that is the delimiter', { delimiter: '\\', escape: '\\' }, 'delimiter'],
  ['an escape without a quote', { delimiter: ',', quote: '', escape: '\\' }, 'escape'],
])('%s is no dialect', async (_what, dialect, place) => {
  await expect(scan('a\n', dialect)).rejects.toMatchObject({ code: 'INVALID_VALUE', place });
});
