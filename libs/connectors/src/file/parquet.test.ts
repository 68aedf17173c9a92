import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { tempDir, type TempDir } from '@weir/testkit';
import { checkParquet } from './parquet';

let dir: TempDir;
let path: string;
let whole: Buffer;
beforeAll(async () => {
  dir = await tempDir();
  path = join(dir.path, 'day.parquet');
  const instance = await DuckDBInstance.create(':memory:');
  const engine = await instance.connect();
  await engine.run(`copy (select i as id, 'x' || i as name from range(100) t(i)) to '${path}' (format parquet)`);
  engine.closeSync();
  instance.closeSync();
  whole = await readFile(path);
});
afterAll(() => dir.dispose());

async function check(content: Buffer): Promise<void> {
  await writeFile(path, content);
  return checkParquet(path, 'day.parquet');
}

test('a Parquet file is one', async () => {
  await expect(check(whole)).resolves.toBeUndefined();
});

test('a Parquet file is truncated wherever it is cut', async () => {
  for (const at of [0, 3, 4, 11, 12, 100, whole.length - 8, whole.length - 1]) await expect(check(whole.subarray(0, at))).rejects.toMatchObject({ code: 'FILE_TRUNCATED', place: 'day.parquet' });
});

const replaced = (at: number, text: string | Buffer): Buffer => Buffer.concat([whole.subarray(0, at), Buffer.from(text as string, 'latin1'), whole.subarray(at + text.length)]);

test.each([
  ['another beginning', () => replaced(0, 'PK\x03\x04'), 'does not begin with PAR1'],
  ['text for a beginning', () => Buffer.from('a,b\n1,2\n'), 'does not begin with PAR1'],
  ['one wrong letter', () => replaced(3, '2'), 'does not begin with PAR1'],
  ['an encrypted footer', () => replaced(whole.length - 4, 'PARE'), 'encrypted'],
  ['encryption throughout', () => replaced(whole.length - 4, 'PARE').fill('PARE', 0, 4), 'encrypted'],
  ['a footer longer than itself', () => replaced(whole.length - 8, '\xff\xff\xff\xff'), 'footer of the Parquet file is 4294967295 bytes'],
  ['a footer one byte too long', () => { const file = replaced(0, ''); file.writeUInt32LE(file.length - 11, file.length - 8); return file; }, 'footer of the Parquet file is'],
])('a file with %s is no Parquet that can be read', async (_what, content, message) => {
  await expect(check(content())).rejects.toMatchObject({ code: 'FILE_MALFORMED', place: 'day.parquet', message: expect.stringContaining(message) });
});
