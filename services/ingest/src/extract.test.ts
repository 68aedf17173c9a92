import { createHash } from 'node:crypto';
import { appendFileSync, renameSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CSV_LAYOUT, type Definition, type Interval } from '@weir/core';
import { Lake } from '@weir/lake';
import type { ExtractResult, Progress, StageContext } from '@weir/rpc';
import { tempDir, until, type TempDir } from '@weir/testkit';
import { copyFile } from './copy-file';
import { extract } from './extract';
import { NO_CONNECTIONS } from './testing/connections';

let folder: TempDir;
let lake: Lake;
let input: string;
beforeEach(async () => {
  folder = await tempDir();
  lake = new Lake(join(folder.path, 'lake'));
  input = join(folder.path, 'in');
  await mkdir(input);
});
afterEach(() => folder.dispose());

const DAY: Interval = { start: '2010-12-01T00:00:00Z', end: '2010-12-02T00:00:00Z' };
const TWO_DAYS: Interval = { start: '2010-12-01T00:00:00Z', end: '2010-12-03T00:00:00Z' };

function definition(path: string, grain?: string, empty: 'allow' | 'error' = 'error'): Definition {
  return {
    name: 'shop',
    description: '',
    grain,
    source: { type: 'file', dataset: 'orders', path: join(input, path), layout: CSV_LAYOUT, empty },
    contract: { id: 'shop', version: '1.0.0', datasets: [] },
    models: [],
    destinations: [],
    mode: 'batch', lookbackGrains: 0, approval: 'never', retention: {}, upstream: [],
    policy: { retries: 2, retryDelayMs: 0, executionTimeoutMs: 60_000, failAbove: { share: 0.01, minRows: 100 } },
  };
}

let attempts = 0;
function context(interval?: Interval): StageContext {
  attempts += 1;
  return { runId: 'run-1', pipeline: 'shop', definitionVersion: 1, attempt: `attempt-${attempts}`, background: false, ...(interval ? { interval } : {}) };
}

async function run(of: Definition, interval?: Interval, options: { signal?: AbortSignal; report?: (progress: Progress) => void } = {}): Promise<ExtractResult> {
  const { signal = new AbortController().signal, report = () => undefined } = options;
  const none = (): never => {
    throw new Error('Files need no Kafka.');
  };
  return extract({ lake, definition: () => Promise.resolve(of), engine: { memoryLimit: '64MB', threads: 1 }, ...NO_CONNECTIONS, topicLog: none, sources: none, takes: none, takenFiles: none }, { context: context(interval), ranges: [] }, { signal, report });
}

function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function filesIn(path: string): Promise<string[]> {
  return (await readdir(lake.absolute(path), { recursive: true, withFileTypes: true }).catch(() => [])).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
}

test('files come into the raw zone byte for byte, read-only, under their hash, and the manifest names them in order', async () => {
  const bytes = Buffer.concat([Buffer.from('\uFEFFa,b\r\n"x\ny",'), Buffer.from([0xff, 0x00, 0xfe])]);
  await writeFile(join(input, '2010-12-02.csv'), 'a\n1\n');
  await writeFile(join(input, '2010-12-01.csv'), bytes);
  const reported: Progress[] = [];
  const result = await run(definition('{date}.csv', '1d'), TWO_DAYS, { report: (progress) => reported.push(progress) });

  const manifest = await lake.readManifest(result.raw ?? { manifest: '', sha256: '' });
  expect(manifest).toMatchObject({ pipeline: 'shop', runId: 'run-1', stage: 'extract' });
  expect(manifest.datasets).toEqual([
    {
      dataset: 'raw.orders',
      partitions: [{ partition: '2010-12-01T00:00:00Z', rows: 0 }, { partition: '2010-12-02T00:00:00Z', rows: 0 }],
      segments: [
        { path: `raw/shop/orders/${sha256(bytes).slice(0, 2)}/${sha256(bytes)}.csv`, rows: 0, bytes: bytes.length, sha256: sha256(bytes), partitions: ['2010-12-01T00:00:00Z'], source: '2010-12-01.csv' },
        expect.objectContaining({ sha256: sha256('a\n1\n'), partitions: ['2010-12-02T00:00:00Z'], source: '2010-12-02.csv' }),
      ],
    },
  ]);
  const [first] = manifest.datasets[0]?.segments ?? [];
  expect(await readFile(lake.absolute(first?.path ?? ''))).toEqual(bytes);
  expect((await stat(lake.absolute(first?.path ?? ''))).mode & 0o222).toBe(0);
  expect(result).toMatchObject({ files: 2, bytes: bytes.length + 4, positions: [{ source: '2010-12-01.csv', value: String(bytes.length) }, { source: '2010-12-02.csv', value: '4' }] });
  expect(reported.at(-1)).toEqual({ step: 'copy files', done: 2, total: 2 });
});

test('the same content again is the same segment, and a file of 9 MB is copied as exactly as a small one', async () => {
  const large = Buffer.alloc(9 * 1024 * 1024, 'row,of,a,large,file\n');
  await writeFile(join(input, 'a.csv'), large);
  await writeFile(join(input, 'b.csv'), large);
  const [first, second] = [await run(definition('*.csv')), await run(definition('*.csv'))];
  const manifests = await Promise.all([first, second].map(({ raw }) => lake.readManifest(raw ?? { manifest: '', sha256: '' })));
  expect(manifests[0]?.datasets).toEqual(manifests[1]?.datasets);
  expect(await filesIn('raw')).toEqual([`${sha256(large)}.csv`]);
  expect((await readFile(lake.absolute(`raw/shop/orders/${sha256(large).slice(0, 2)}/${sha256(large)}.csv`))).equals(large)).toBe(true);
  expect(await filesIn('tmp')).toEqual([]);
});

test('a day without a file is an empty partition where that is normal, and an error that names the file elsewhere', async () => {
  const allowed = await run(definition('{date}.csv', '1d', 'allow'), DAY);
  expect((await lake.readManifest(allowed.raw ?? { manifest: '', sha256: '' })).datasets).toEqual([{ dataset: 'raw.orders', partitions: [{ partition: DAY.start, rows: 0 }], segments: [] }]);
  await expect(run(definition('{date}.csv', '1d'), DAY)).rejects.toMatchObject({ code: 'SOURCE_MISSING', place: join(input, '2010-12-01.csv') });
});

test('a folder in place of a file is SOURCE_UNREADABLE and names it', async () => {
  await mkdir(join(input, '2010-12-01.csv'));
  await expect(run(definition('{date}.csv', '1d'), DAY)).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE', place: join(input, '2010-12-01.csv') });
});

test('a file without permission is SOURCE_UNREADABLE and names it', async () => {
  const path = join(input, '2010-12-01.csv');
  await writeFile(path, 'a\n');
  await chmod(path, 0);
  const reading = run(definition('{date}.csv', '1d'), DAY);
  // Root may read everything.
  if (process.getuid?.() === 0) await expect(reading).resolves.toMatchObject({ files: 1 });
  else await expect(reading).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE', message: expect.stringContaining('EACCES'), place: path });
});

test('after one bad file nothing is listed and no temporary file is left', async () => {
  await writeFile(join(input, '2010-12-01.csv'), 'a\n1\n');
  await mkdir(join(input, '2010-12-02.csv'));
  await expect(run(definition('{date}.csv', '1d'), TWO_DAYS)).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
  expect(await filesIn('manifest')).toEqual([]);
  expect(await filesIn('tmp')).toEqual([]);
});

/** Copies one file; `onRead` runs each time a piece of it was read, before the file is looked at again. */
function copying(path: string, onRead: () => void) {
  return copyFile({ path, name: 'a.csv', partition: 'all' }, { lake, pipeline: 'shop', dataset: 'orders', scratch: folder.path, signal: new AbortController().signal, onBytes: onRead });
}

test('a file that changes while it is read is read again; the copy is what it was at the end', async () => {
  const path = join(input, 'a.csv');
  await writeFile(path, 'first\n');
  let written = false;
  const segment = await copying(path, () => {
    if (!written) appendFileSync(path, 'second\n');
    written = true;
  });
  expect(segment).toMatchObject({ bytes: 13, sha256: sha256('first\nsecond\n') });
});

test('a file that is replaced by another of the same size while it is read is read again', async () => {
  const path = join(input, 'a.csv');
  await writeFile(path, 'first\n');
  await writeFile(`${path}.new`, 'other\n');
  let replaced = false;
  const segment = await copying(path, () => {
    if (!replaced) renameSync(`${path}.new`, path);
    replaced = true;
  });
  expect(segment.sha256).toBe(sha256('other\n'));
});

test('a file that never stops changing is SOURCE_UNREADABLE and says how to write it', async () => {
  const path = join(input, 'a.csv');
  await writeFile(path, 'first\n');
  await expect(copying(path, () => appendFileSync(path, 'more\n'))).rejects.toMatchObject({
    code: 'SOURCE_UNREADABLE',
    message: expect.stringContaining('changes while it is read'),
    fix: expect.stringContaining('rename'),
    place: path,
  });
  expect(await filesIn('raw')).toEqual([]);
});

test('cancel ends the copying at once; nothing is listed', async () => {
  for (let at = 0; at < 40; at += 1) await writeFile(join(input, `${at}.csv`), Buffer.alloc(512 * 1024, String(at)));
  const stop = new AbortController();
  const running = run(definition('*.csv'), undefined, { signal: stop.signal, report: ({ done }) => void (done === 3 && stop.abort()) });
  running.catch(() => undefined);
  await until(() => stop.signal.aborted, { timeoutMs: 5_000 });
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await filesIn('manifest')).toEqual([]);
});

test('a file of more than 16 GiB is refused before a byte of it is read', async () => {
  const path = join(input, 'a.csv');
  await writeFile(path, 'a\n');
  // It has a hole: no disk holds so much for a test.
  await truncate(path, 16 * 1024 ** 3 + 1);
  const began = performance.now();
  await expect(run(definition('*.csv'))).rejects.toMatchObject({ code: 'FILE_TOO_LARGE', retry: 'never', place: path, message: expect.stringContaining(String(16 * 1024 ** 3 + 1)) });
  expect(performance.now() - began).toBeLessThan(2_000);
});
