import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { mulberry32, tempDir, type TempDir } from '@weir/testkit';
import fc from 'fast-check';
import { linesRelation, type LineFile } from './lines-relation';
import { rewriteNdjson } from './rewrite-ndjson';
import { scanNdjson } from './scan-ndjson';

/** CI takes 200 cases; WEIR_FUZZ_RUNS asks for more. */
const RUNS = Number(process.env['WEIR_FUZZ_RUNS'] ?? 200);
const MiB = 1024 * 1024;

let dir: TempDir;
let instance: DuckDBInstance;
let engine: DuckDBConnection;
beforeAll(async () => {
  dir = await tempDir();
  instance = await DuckDBInstance.create(':memory:', { memory_limit: '256MB', threads: '2', preserve_insertion_order: 'true' });
  engine = await instance.connect();
});
afterAll(async () => {
  engine.closeSync();
  instance.closeSync();
  await dir.dispose();
});

/** Bytes, because a client takes a byte order mark out of a text that begins with one. */
async function rowsOf(files: readonly LineFile[]): Promise<[text: string, file: number][]> {
  const rows = (await engine.runAndReadAll(`select hex(value), * exclude (value) from ${linesRelation(files)}`)).getRows();
  return rows.map(([hex, file]) => [Buffer.from(String(hex), 'hex').toString(), Number(file)]);
}

/** The file itself if the engine may read it, else its copy. */
async function readable(path: string): Promise<string> {
  const { plain } = await scanNdjson(path, { name: 'f' });
  if (plain) return path;
  await writeFile(`${path}.clean`, rewriteNdjson(path, { name: 'f' }));
  return `${path}.clean`;
}

const part = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('{"a":1}', '"', '""', "'", ',', ';', '\\', '\\"', '#', ' ', '\t', 'é', '漢', '😀', '\u2028', '\u0085', '\ufeff', '\u0001', '\u001e', 'NULL', '\n', '\n', '\n', '\r\n', '\r\n') },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom('\r', '\0', '\x1f', '\n\n', ' \n') },
);
const content = fc.array(part, { maxLength: 30 }).map((parts) => parts.join(''));

/** Apart from the scanner: over decoded text, by a regular expression. */
function linesOf(text: string): string[] {
  const lines = text.replace(/^\ufeff/, '').split('\n').map((line, n, all) => (n < all.length - 1 ? line.replace(/\r$/, '') : line));
  return lines.filter((line) => !/^[ \t]*$/.test(line) && !['\r', '\0', '\x1f'].some((character) => line.includes(character)));
}

it('the engine gives the whole lines of any files, exactly and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(content, { minLength: 1, maxLength: 4 }), async (contents) => {
      const files: LineFile[] = [];
      for (const [file, text] of contents.entries()) {
        const path = join(dir.path, `it's ${file}.ndjson`);
        await writeFile(path, `${text}\n`);
        files.push({ file: file + 5, path: await readable(path) });
      }
      expect(await rowsOf(files)).toEqual(contents.flatMap((text, file) => linesOf(`${text}\n`).map((line) => [line, file + 5])));
    }),
    { numRuns: RUNS },
  );
});

it.each(['\n', '\r\n'])('lines that are cut between the engine’s threads come whole and in order, with line ends %j', async (lineEnd) => {
  const path = join(dir.path, 'long.ndjson');
  await writeFile(path, '');
  const next = mulberry32(7);
  // About 50 MB: several buffers of the engine. A line is its number and as many x as its number says.
  let count = 0;
  for (let bytes = 0; bytes < 50 * MiB; ) {
    const lines = Array.from({ length: 50 }, () => `${count++}:`.padEnd(12 + (next() % 50 === 0 ? next() % MiB : next() % 3_000) - 12 * Number(next() % 2), 'x'));
    bytes += lines.reduce((sum, line) => sum + line.length, 0);
    await appendFile(path, lines.join(lineEnd) + lineEnd);
  }
  const scanned = await scanNdjson(path, { name: 'f' });
  expect(scanned).toMatchObject({ records: count, plain: true });
  const sums = `select count(*)::INTEGER, sum(strlen(value))::DOUBLE, count(*) filter (where split_part(value, ':', 1)::BIGINT <> n or ltrim(split_part(value, ':', 2), 'x') <> '')::INTEGER`;
  const [row] = (await engine.runAndReadAll(`${sums} from (select value, row_number() over () - 1 as n from ${linesRelation([{ file: 0, path }])})`)).getRows();
  expect(row).toEqual([count, scanned.bytes - count * lineEnd.length, 0]);
});

it.each(['\n', '\r\n'])('a line as long as a record may be is read, with line ends %j', async (lineEnd) => {
  const path = join(dir.path, 'longest.ndjson');
  await writeFile(path, ['a', 'x'.repeat(MiB), 'b', 'y'.repeat(MiB)].join(lineEnd));
  expect(await scanNdjson(path, { name: 'f' })).toMatchObject({ records: 4, plain: true });
  expect((await rowsOf([{ file: 0, path }])).map(([text]) => text.length)).toEqual([1, MiB, 1, MiB]);
});
