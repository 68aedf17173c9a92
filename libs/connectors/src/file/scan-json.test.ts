import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir, type TempDir } from '@weir/testkit';
import { findElements } from './find-records';
import type { LineRun } from './record-book';
import { rewriteJson } from './rewrite-json';
import { scanJson, type JsonScan } from './scan-json';

let dir: TempDir;
let path: string;
beforeEach(async () => {
  dir = await tempDir();
  path = join(dir.path, 'day.json');
});
afterEach(() => dir.dispose());

const options = { name: 'day.json' };
const MiB = 1024 * 1024;

async function scan(content: string | Buffer): Promise<JsonScan & { runs: LineRun[] }> {
  await writeFile(path, content);
  const runs: LineRun[] = [];
  return { ...(await scanJson(path, { ...options, onLineRun: (run) => runs.push(run) })), runs };
}

async function lines(): Promise<string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of rewriteJson(path, options)) chunks.push(chunk);
  const [first, ...rest] = Buffer.concat(chunks).toString().slice(1).split('\n');
  return rest.length === 0 ? [] : [first ?? '', ...rest.slice(0, -1)];
}

/** Damage as `number offset+length name`. */
const damageOf = (scanned: JsonScan): string[] => scanned.damaged.map(({ line, offset, length, damage }) => `${line} ${offset}+${length} ${damage}`);

describe('an array of JSON', () => {
  it.each([
    ['nothing in it', '[]', []],
    ['space in it', '\ufeff [\r\n\t] \n', []],
    ['objects', '[{"a":1},{"a":2}]', ['{"a":1}', '{"a":2}']],
    ['space around everything', ' [\n  {"a" : 1} ,\t{"a":2}\r\n]\n', ['{"a" : 1}', '{"a":2}']],
    ['brackets, commas and quotes in strings', String.raw`[{"a":"],{\"\\"},["}\u0022",","]]`, [String.raw`{"a":"],{\"\\"}`, String.raw`["}\u0022",","]`]],
    ['elements of all kinds', '[1, -2.5e+3, "x", null, true, [], {}, [[{}]]]', ['1', '-2.5e+3', '"x"', 'null', 'true', '[]', '{}', '[[{}]]']],
    ['elements over several lines', '[\n  {\n    "a": [1,\r\n 2]\n  },\n  3\n]', ['{     "a": [1,   2]   }', '3']],
    ['elements that are no JSON, which the engine finds', '[NaN, {a: 1}, {"a":1.}, 01, {"a":,}, {"b":1:2}]', ['NaN', '{a: 1}', '{"a":1.}', '01', '{"a":,}', '{"b":1:2}']],
    ['characters of several bytes', '["é", "漢", "😀"]', ['"é"', '"漢"', '"😀"']],
    ['100,000 levels', `[${'['.repeat(100_000)}${']'.repeat(100_000)}, 1]`, [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, '1']],
  ])('with %s gives each as a line', async (_what, content, expected) => {
    expect(await scan(content)).toMatchObject({ records: expected.length, damaged: [], array: true, bytes: Buffer.byteLength(content) });
    expect(await lines()).toEqual(expected);
  });

  it('names elements by their number', async () => {
    const scanned = await scan('[1,"\0",2,"\0","\0",3]');
    expect(damageOf(scanned)).toEqual(['2 3+3 nul_byte', '4 9+3 nul_byte', '5 13+3 nul_byte']);
    expect(scanned).toMatchObject({ records: 3, shift: 1, runs: [{ ordinal: 1, shift: 2 }, { ordinal: 2, shift: 4 }] });
  });

  it('gives valid characters and escapes across the chunks that a file is read in', async () => {
    const element = String.raw`{"a":"é漢😀\"\\"}`;
    expect(await scan(`[${`${element},`.repeat(200_000)}0]`)).toMatchObject({ records: 200_001, damaged: [] });
    expect(new Set(await lines())).toEqual(new Set([element, '0']));
  });
});

describe('one object of JSON', () => {
  it('is one record, over several lines or not', async () => {
    expect(await scan('\n{\n "a": [{}, "}"]\n}\n')).toMatchObject({ records: 1, damaged: [], array: false, shift: 1 });
    expect(await lines()).toEqual(['{  "a": [{}, "}"] }']);
  });

  it('with another one behind it is the wrong format', async () => {
    await expect(scan('{"a":1}\n{"a":2}\n')).rejects.toMatchObject({ code: 'FILE_MALFORMED', place: 'day.json:2', fix: expect.stringContaining('ndjson') });
  });
});

describe('a damaged element of a JSON array', () => {
  it.each<[string, string | Buffer, string[]]>([
    ['a line end in a string', '["a\nb", 1]', ['1 1+5 control_character']],
    ['an escaped line end in a string', '["a\\\nb", 1]', ['1 1+6 control_character']],
    ['a carriage return in a string', '["a\rb", 1]', ['1 1+5 control_character']],
    ['the delimiter of the engine in a string', '["\x1f", 1]', ['1 1+3 control_character']],
    ['a NUL in a string', '["\0", 1]', ['1 1+3 nul_byte']],
    ['bytes that are not UTF-8', Buffer.from('["\xe9", 1]', 'latin1'), ['1 1+3 invalid_utf8']],
    ['nothing before the first comma', '[, 1]', ['1 1+0 empty_element']],
    ['nothing between two commas', '[1, ,2]', ['2 4+0 empty_element']],
    ['nothing behind the last comma', '[1 ,\n]', ['2 5+0 empty_element']],
  ])('with %s is set apart with its bytes', async (_what, content, damage) => {
    const scanned = await scan(content);
    expect(damageOf(scanned)).toEqual(damage);
    expect(scanned.records).toBe((await lines()).length);
  });

  it('of 10 MB is set apart without being held in memory', async () => {
    const scanned = await scan(`[1, {"a":"${'\\"],'.repeat(2_500_000)}"} , 2]`);
    expect(damageOf(scanned)).toEqual([`2 4+${10_000_000 + 8} too_large`]);
    expect(await lines()).toEqual(['1', '2']);
  });

  it('is one of more than 1 MiB, and one of 1 MiB is not', async () => {
    const scanned = await scan(`["${'x'.repeat(MiB - 2)}","${'x'.repeat(MiB - 1)}","${'x'.repeat(MiB - 2)}"]`);
    expect(damageOf(scanned)).toEqual([`2 ${MiB + 2}+${MiB + 1} too_large`]);
    expect((await lines()).map(({ length }) => length)).toEqual([MiB, MiB]);
  });
});

describe('a damaged JSON file', () => {
  it.each([
    ['is empty', '', 'FILE_MALFORMED', 1, 'empty'],
    ['has nothing but space in it', ' \n\n', 'FILE_MALFORMED', 3, 'empty'],
    ['is UTF-16', Buffer.from('\ufeff[]', 'utf16le'), 'FILE_MALFORMED', 1, 'UTF-16'],
    ['is a number', '\n 12', 'FILE_MALFORMED', 2, 'begins with `1`, at byte 2'],
    ['is binary', Buffer.from([0x80, 0]), 'FILE_MALFORMED', 1, 'begins with The byte 0x80, at byte 0'],
    ['has text behind its array', '[1]\n]', 'FILE_MALFORMED', 2, '`]` stands behind the end of the array, at byte 4'],
    ['has a bracket too many', '[{"a":1}}, 2]', 'FILE_MALFORMED', 1, '`}` closes what another bracket opened, at byte 8 in element 1'],
    ['crosses brackets', '[1,\n{"a":[}]]', 'FILE_MALFORMED', 2, '`}` closes what another bracket opened, at byte 10 in element 2'],
    ['has a quote inside a string', '[{"a":"x"y"}, {"b":1}]', 'FILE_MALFORMED', 1, '`y` follows a value, at byte 9 in element 1'],
    ['has a string that another one ends, elements later', '[{"a":"x},\n {"b":"y"}]', 'FILE_MALFORMED', 2, '`b` follows a value, at byte 14'],
    ['has a string behind a number', '[1 "a"]', 'FILE_MALFORMED', 1, '`"` follows a value, at byte 3'],
    ['has no comma between objects', '[{"a":1}\n{"b":2}]', 'FILE_MALFORMED', 2, '`{` follows a value, at byte 9 in element 1'],
    ['has other quotes', "[{'a': 'x, }'}]", 'FILE_MALFORMED', 1, "`'` stands outside strings, at byte 2"],
    ['has comments', '[1, // "one\n 2]', 'FILE_MALFORMED', 1, '`/` stands outside strings, at byte 4'],
    ['has a NUL outside strings', '[1, \0]', 'FILE_MALFORMED', 1, 'The byte 0x00 stands outside strings'],
    ['has more levels than fit into a record', '['.repeat(MiB + 2), 'FILE_MALFORMED', 1, `opens more levels than an element has bytes, at byte ${MiB}`],
    ['ends inside its array', '[1,\n2', 'FILE_TRUNCATED', 2, 'inside an element, at byte 5, in element 2'],
    ['ends behind a comma', '[1,\n', 'FILE_TRUNCATED', 2, 'inside the array, at byte 4, in element 2'],
    ['ends inside a string', '[{"a":"x\\"]', 'FILE_TRUNCATED', 1, 'inside a string, at byte 11, in element 1'],
    ['ends inside its object', '{"a":1', 'FILE_TRUNCATED', 1, 'inside the object, at byte 6'],
    ['ends inside a character', Buffer.from('["é').subarray(0, -1), 'FILE_TRUNCATED', 1, 'inside a string, at byte 3'],
  ])('that %s is refused with line and offset', async (_what, content, code, line, message) => {
    await expect(scan(content)).rejects.toMatchObject({ code, place: `day.json:${line}`, message: expect.stringContaining(message) });
  });

  it('with more damage than can be kept apart is refused as one', async () => {
    await expect(scan(`[${','.repeat(100_001)}]`)).rejects.toMatchObject({ code: 'FILE_MALFORMED', message: expect.stringContaining('More than 100000') });
  });
});

it('any element is found again by its ordinal, however far into the array', async () => {
  const elements = Array.from({ length: 2_000 }, (_, n) => (n % 13 === 5 ? `"\0${n}"` : `{\n "n": ${n}, "x": "${'é'.repeat(n % 50)}"\n}`));
  const whole = elements.flatMap((text, n) => (n % 13 === 5 ? [] : [{ text, number: n + 1 }]));
  const content = `[${elements.join(' ,\n')}]`;
  const scanned = await scan(content);
  const wanted = [0, 4, 255, 256, 257, 511, 512, 1_300, whole.length - 1];
  const found = [];
  for await (const { ordinal, offset, line, bytes } of findElements(path, scanned, wanted, options)) {
    expect(Buffer.from(content).subarray(offset, offset + bytes.length)).toEqual(bytes);
    found.push([ordinal, line, bytes.toString()]);
  }
  expect(found).toEqual(wanted.map((ordinal) => [ordinal, whole[ordinal]?.number, whole[ordinal]?.text]));
  const object = await scan(' {"a":1}');
  for await (const { line, offset, bytes } of findElements(path, object, [0], options)) expect([line, offset, bytes.toString()]).toEqual([1, 1, '{"a":1}']);
});
