import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir, type TempDir } from '@weir/testkit';
import { findLines } from './find-records';
import type { LineRun } from './record-book';
import { rewriteNdjson } from './rewrite-ndjson';
import { scanNdjson, type NdjsonScan } from './scan-ndjson';

let dir: TempDir;
let path: string;
beforeEach(async () => {
  dir = await tempDir();
  path = join(dir.path, 'day.ndjson');
});
afterEach(() => dir.dispose());

const options = { name: 'day.ndjson' };
const MiB = 1024 * 1024;

async function scan(content: string | Buffer): Promise<NdjsonScan & { runs: LineRun[] }> {
  await writeFile(path, content);
  const runs: LineRun[] = [];
  return { ...(await scanNdjson(path, { ...options, onLineRun: (run) => runs.push(run) })), runs };
}

async function cleaned(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of rewriteNdjson(path, options)) chunks.push(chunk);
  const copy = Buffer.concat(chunks).toString();
  expect(copy[0]).toBe('\ufeff');
  return copy.slice(1);
}

/** Damage as `line offset+length name`. */
const damageOf = (scanned: NdjsonScan): string[] => scanned.damaged.map(({ line, offset, length, damage }) => `${line} ${offset}+${length} ${damage}`);

describe('JSON lines that are plain', () => {
  it.each([
    ['LF line ends', '{"a":1}\n{"b":2}\n', 2],
    ['CRLF line ends', '{"a":1}\r\n{"b":2}\r\n', 2],
    ['no line end after the last record', '{"a":1}\n{"b":"}{["}', 2],
    ['a byte order mark', '\ufeff{"a":1}\n', 1],
    ['spaces and tabs around records', ' {"a":1}\t\n\t{"b":2} \n', 2],
    ['lines that are no JSON, which the engine finds', '{"a":1\nhello\n"\n', 3],
    ['a last line that is no JSON but is not cut short', '{"a":1}\n{"b":2,}', 2],
    ['nothing in it', '', 0],
    ['a byte order mark alone', '\ufeff', 0],
    ['the line separators of Unicode in strings', '{"a":"\u2028\u2029\u0085"}\n', 1],
  ])('with %s are read as they stand', async (_what, content, records) => {
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(await scan(content)).toMatchObject({ records, damaged: [], blank: 0, plain: true, bytes: Buffer.byteLength(content), sha256, runs: [] });
  });

  it('have their line from their ordinal', async () => {
    expect((await scan('{}\n{}\n')).shift).toBe(1);
  });

  it('hold valid characters across the chunks that a file is read in', async () => {
    expect(await scan(`${'{"a":"é漢😀"}\n'.repeat(300_000)}`)).toMatchObject({ records: 300_000, plain: true });
  });

  it('end with CRLF across the chunks that a file is read in', async () => {
    const content = `${'123456\r\n'.repeat(MiB / 8 - 1)}1234567\r\n{}\r\n`;
    expect(content[MiB - 1]).toBe('\r');
    expect(await scan(content)).toMatchObject({ records: MiB / 8 + 1, damaged: [], plain: true });
  });
});

describe('JSON lines that need a copy', () => {
  it('because some are blank', async () => {
    const scanned = await scan('\n{"a":1}\n \t\n\n{"b":2}\n\n');
    expect(scanned).toMatchObject({ records: 2, damaged: [], blank: 4, plain: false, shift: 2, runs: [{ ordinal: 1, shift: 4 }] });
    expect(await cleaned()).toBe('{"a":1}\n{"b":2}\n');
  });

  it('because their line ends differ', async () => {
    expect(await scan('{"a":1}\r\n{"b":2}\n{"c":3}')).toMatchObject({ records: 3, damaged: [], plain: false });
    expect(await cleaned()).toBe('{"a":1}\n{"b":2}\n{"c":3}\n');
  });
});

describe('a damaged line of JSON', () => {
  it.each<[string, string | Buffer, string[]]>([
    ['a carriage return inside', '{"a":\r1}\n{}\n', ['1 0+8 stray_carriage_return']],
    ['a carriage return too many', '{}\r\r\n{}\n', ['1 0+3 stray_carriage_return']],
    ['a NUL', '{"a":"\0"}\n{}\n', ['1 0+9 nul_byte']],
    ['the delimiter of the engine', '{"a":"\x1f"}\n{}\n', ['1 0+9 control_character']],
    ['bytes that are not UTF-8', Buffer.from('{"a":"\xe9"}\n{}\n', 'latin1'), ['1 0+9 invalid_utf8']],
  ])('with %s is set apart with its bytes', async (_what, content, damage) => {
    const scanned = await scan(content);
    expect(damageOf(scanned)).toEqual(damage);
    expect(scanned).toMatchObject({ records: 1, plain: false, shift: 2 });
    expect(await cleaned()).toBe('{}\n');
  });

  it('moves neither the lines nor the bytes of those after it', async () => {
    const scanned = await scan('\0\n{"a":1}\n\0\0\n\0\n{"b":2}\n');
    expect(damageOf(scanned)).toEqual(['1 0+1 nul_byte', '3 10+2 nul_byte', '4 13+1 nul_byte']);
    expect(scanned).toMatchObject({ records: 2, shift: 2, runs: [{ ordinal: 1, shift: 4 }] });
  });

  it('of 10 MB is set apart without being held in memory', async () => {
    const scanned = await scan(`{}\n${'x'.repeat(10_000_000)}\r\n{}\n`);
    expect(damageOf(scanned)).toEqual(['2 3+10000000 too_large']);
    expect(scanned.records).toBe(2);
  });

  it('is one of more than 1 MiB, and one of 1 MiB is not', async () => {
    const scanned = await scan(`${'x'.repeat(MiB)}\n${'x'.repeat(MiB + 1)}\r\n${'x'.repeat(MiB)}\r\n`);
    expect(damageOf(scanned)).toEqual([`2 ${MiB + 1}+${MiB + 1} too_large`]);
  });

  it('of more than 1 MiB is counted to its last byte wherever chunks end', async () => {
    // A carriage return as the last byte of a chunk, its line feed as the first of the next one.
    const scanned = await scan(`${'x'.repeat(3 * MiB - 1)}\r\n{}\r\n`);
    expect(damageOf(scanned)).toEqual([`1 0+${3 * MiB - 1} too_large`]);
  });
});

describe('a damaged file of JSON lines', () => {
  it.each([
    ['is UTF-16', Buffer.from('\ufeff{}\n', 'utf16le'), 'FILE_MALFORMED', 'day.ndjson:1'],
    ['ends inside an object', '{"a":1}\n{"b":', 'FILE_TRUNCATED', 'day.ndjson:2'],
    ['ends inside an array', '[1,[2]', 'FILE_TRUNCATED', 'day.ndjson:1'],
    ['ends inside a string', '{"a":1}\n"b}', 'FILE_TRUNCATED', 'day.ndjson:2'],
    ['ends behind an escape', '{"a":1}\n"b\\"', 'FILE_TRUNCATED', 'day.ndjson:2'],
    ['ends inside a character', Buffer.from('{"a":"é').subarray(0, -1), 'FILE_TRUNCATED', 'day.ndjson:1'],
  ])('that %s is refused with its line', async (_what, content, code, place) => {
    await expect(scan(content)).rejects.toMatchObject({ code, place });
  });

  it('with more damage than can be kept apart is refused as a whole', async () => {
    await expect(scan('\0\n'.repeat(100_001))).rejects.toMatchObject({ code: 'FILE_MALFORMED', place: 'day.ndjson:100001' });
  });

  it('is not read on after a cancel', async () => {
    await writeFile(path, '{}\n'.repeat(MiB));
    const stop = new AbortController();
    const seen: number[] = [];
    const onChunk = (bytes: number): void => {
      seen.push(bytes);
      stop.abort();
    };
    await expect(scanNdjson(path, { ...options, signal: stop.signal, onChunk })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(seen).toEqual([MiB]);
  });
});

it('any line is found again by its ordinal, however far into the file', async () => {
  const lines = Array.from({ length: 2_000 }, (_, n) => (n % 11 === 3 ? '' : n % 13 === 5 ? `\0${n}` : `{"n":${n},"x":"${'é'.repeat(n % 50)}"}`));
  const whole = lines.flatMap((text, n) => (text === '' || text.startsWith('\0') ? [] : [{ text, line: n + 1 }]));
  const content = lines.join('\r\n');
  const scanned = await scan(content);
  expect(scanned.records).toBe(whole.length);
  const wanted = [0, 4, 255, 256, 257, 511, 512, 1_300, whole.length - 1];
  const found = [];
  for await (const { ordinal, offset, line, bytes } of findLines(path, scanned, wanted)) {
    expect(Buffer.from(content).subarray(offset, offset + bytes.length)).toEqual(bytes);
    found.push([ordinal, line, bytes.toString()]);
  }
  expect(found).toEqual(wanted.map((ordinal) => [ordinal, whole[ordinal]?.line, whole[ordinal]?.text]));
});
