import { createHash } from 'node:crypto';
import { appendFile, mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CSV_LAYOUT, toWeirError, type Definition, type Interval } from '@weir/core';
import { Lake, type ManifestDataset } from '@weir/lake';
import type { ExtractResult } from '@weir/rpc';
import { tempDir, type TempDir } from '@weir/testkit';
import fc from 'fast-check';
import { extract, type ExtractDependencies } from './extract';
import { NO_CONNECTIONS } from './testing/connections';
import { TakeCatalog } from './testing/take-catalog';

let folder: TempDir;
let lake: Lake;
let catalog: TakeCatalog;
let input: string;
beforeEach(async () => {
  folder = await tempDir();
  input = join(folder.path, 'in');
  await mkdir(input);
  lake = new Lake(join(folder.path, 'lake'));
  catalog = new TakeCatalog(lake);
});
afterEach(() => folder.dispose());

const BOUNDS = { settleMs: 0 };

/** The n-th hour, and from the first to before the last. */
const hour = (n: number): string => new Date(Date.UTC(2026, 0, 1, n)).toISOString().replace('.000Z', 'Z');
const hours = (from: number, to: number): Interval => ({ start: hour(from), end: hour(to) });

function definition(path = '*.csv', empty: 'allow' | 'error' = 'allow'): Definition {
  return {
    name: 'shop',
    description: '',
    grain: '1h',
    source: { type: 'file', dataset: 'orders', path: join(input, path), layout: CSV_LAYOUT, empty, track: 'new' },
    contract: { id: 'shop', version: '1.0.0', datasets: [] },
    models: [],
    destinations: [],
    mode: 'batch', lookbackGrains: 0, approval: 'never', retention: {}, upstream: [],
    policy: { retries: 2, retryDelayMs: 0, executionTimeoutMs: 60_000, failAbove: { share: 0.01, minRows: 100 } },
  };
}

interface Turn {
  readonly of?: Definition;
  readonly bounds?: ExtractDependencies['takeBounds'];
  readonly signal?: AbortSignal;
}

let attempts = 0;
async function run(interval: Interval, { of = definition(), bounds = BOUNDS, signal = new AbortController().signal }: Turn = {}): Promise<ExtractResult> {
  const none = (): never => {
    throw new Error('Files need no Kafka, and what was published of them is not asked for.');
  };
  attempts += 1;
  const context = { runId: 'run-1', pipeline: 'shop', definitionVersion: 1, attempt: `attempt-${attempts}`, background: false, interval };
  const { takes, takenFiles } = catalog;
  return extract({ lake, definition: () => Promise.resolve(of), engine: { memoryLimit: '64MB', threads: 1 }, ...NO_CONNECTIONS, topicLog: none, sources: none, takes, takenFiles, takeBounds: bounds }, { context, ranges: [] }, { signal, report: () => undefined });
}

async function datasetOf({ raw }: ExtractResult): Promise<ManifestDataset> {
  const [dataset] = (await lake.readManifest(raw ?? { manifest: '', sha256: '' })).datasets;
  if (!dataset) throw new Error('No dataset.');
  return dataset;
}

/** What a run has, as `hour name`. */
async function files(result: ExtractResult): Promise<string[]> {
  return (await datasetOf(result)).segments.map(({ partitions, source }) => `${partitions.join()?.slice(11, 13)} ${source}`);
}

/** Extracts and publishes. */
async function turn(interval: Interval, options: Turn = {}): Promise<string[]> {
  const result = await run(interval, options);
  expect(await catalog.publish(result)).toBe(true);
  return files(result);
}

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex');

/** Writes a file as it was `age` seconds ago. */
async function write(name: string, content: string, age = 3_600): Promise<void> {
  await writeFile(join(input, name), content);
  const at = Date.now() / 1_000 - age;
  await utimes(join(input, name), at, at);
}

test('an interval takes what no interval before it took, oldest first, and the same again when it is run again', async () => {
  await write('b.csv', 'one', 300);
  await write('a.csv', 'two', 200);
  const first = await run(hours(0, 1));
  expect(await files(first)).toEqual(['00 b.csv', '00 a.csv']);
  expect(first.take).toEqual({ partition: hour(0), end: hour(1), source: 'files', from: '', to: '2', newest: 'a.csv', left: 0, more: false });
  expect(await catalog.publish(first)).toBe(true);
  await write('c.csv', 'three');
  expect(await turn(hours(1, 2))).toEqual(['01 c.csv']);
  await write('d.csv', 'four');
  expect(await files(await run(hours(0, 1)))).toEqual(['00 b.csv', '00 a.csv']);
  // A wide run: each interval what it has, and the last one what is new.
  const wide = await run(hours(0, 4));
  expect(await files(wide)).toEqual(['00 b.csv', '00 a.csv', '01 c.csv', '03 d.csv']);
  expect((await datasetOf(wide)).partitions.map(({ partition }) => partition)).toEqual([0, 1, 2, 3].map(hour));
  expect(wide.take).toMatchObject({ partition: hour(3), from: '3', to: '4', newest: 'd.csv' });
});

test('an interval without anything new is empty, or an error where that is one', async () => {
  expect(await turn(hours(0, 1))).toEqual([]);
  await write('a.csv', 'one');
  expect(await turn(hours(1, 2))).toEqual(['01 a.csv']);
  expect((await run(hours(2, 3))).take).toEqual({ partition: hour(2), end: hour(3), source: 'files', from: '1', to: '1', newest: 'a.csv', left: 0, more: false });
  await expect(run(hours(2, 3), { of: definition('*.csv', 'error') })).rejects.toMatchObject({ code: 'SOURCE_MISSING', message: expect.stringContaining('Nothing new matches') });
});

test('an interval of which the catalog has forgotten a file cannot be read again: what is left is not what it took', async () => {
  await write('a.csv', 'one', 300);
  await write('b.csv', 'two', 200);
  await turn(hours(0, 1));
  await rm(join(input, 'a.csv'));
  catalog.files.splice(0, 1);
  await expect(run(hours(0, 1))).rejects.toMatchObject({ code: 'SOURCE_MISSING', message: expect.stringContaining('took 2 files, of which 1 are remembered'), fix: expect.stringContaining('--from raw') });
  // A later one is as it was.
  expect(await turn(hours(1, 2))).toEqual([]);
});

test('a run that dies before its publish has taken nothing; of two that took the same, one can publish', async () => {
  await write('a.csv', 'one');
  const died = await run(hours(0, 1));
  await write('b.csv', 'two');
  expect(await turn(hours(0, 1))).toEqual(expect.arrayContaining(['00 a.csv', '00 b.csv']));
  expect(await catalog.publish(died)).toBe(false);
  expect(await turn(hours(1, 2))).toEqual([]);
});

test('other content under the same name is taken again, whatever its time and size say; the same content is not', async () => {
  await write('a.csv', 'one', 500);
  await write('b.csv', 'same', 500);
  await turn(hours(0, 1));
  const { mtime } = await stat(join(input, 'a.csv'));
  await writeFile(join(input, 'new'), 'two');
  await utimes(join(input, 'new'), mtime, mtime);
  await rename(join(input, 'new'), join(input, 'a.csv'));
  await write('b.csv', 'same', 100);
  const second = await run(hours(1, 2));
  expect((await datasetOf(second)).segments.map(({ source, sha256: hash }) => [source, hash])).toEqual([['a.csv', sha256('two')]]);
  await catalog.publish(second);
  // And back: a version is what came after the one before it, not what was never seen.
  await write('a.csv', 'one');
  expect(await turn(hours(2, 3))).toEqual(['02 a.csv']);
  expect(catalog.files.map(({ partition, name }) => `${partition.slice(11, 13)} ${name}`)).toEqual(['00 a.csv', '00 b.csv', '01 a.csv', '02 a.csv']);
});

test('a file that was looked at and had not changed is not read again', async () => {
  await write('a.csv', 'one', 500);
  await turn(hours(0, 1));
  await write('a.csv', 'one', 400);
  await turn(hours(1, 2));
  // Reading it would fail now.
  await rm(join(input, 'a.csv'));
  await mkdir(join(input, 'a.csv'));
  expect(await turn(hours(2, 3))).toEqual([]);
});

test('files that may be written still, and those that are too many, wait for the next interval, and are counted', async () => {
  for (const [at, name] of ['e', 'd', 'c', 'b', 'a'].entries()) await write(`${name}.csv`, name, 500 - at);
  await write('young.csv', 'young', 2);
  const bounds = { files: 2, settleMs: 5_000 };
  const first = await run(hours(0, 1), { bounds });
  expect([await files(first), first.take?.left, first.take?.more]).toEqual([['00 e.csv', '00 d.csv'], 4, true]);
  await catalog.publish(first);
  expect(await turn(hours(1, 2), { bounds })).toEqual(['01 c.csv', '01 b.csv']);
  const third = await run(hours(2, 3), { bounds });
  expect([await files(third), third.take?.left]).toEqual([['02 a.csv'], 1]);
  await catalog.publish(third);
  await write('young.csv', 'young', 6);
  expect(await turn(hours(3, 4), { bounds })).toEqual(['03 young.csv']);
});

test('bytes are bounded, and one file is always taken', async () => {
  for (const [at, size] of [50, 10, 20, 5].entries()) await write(`${at}.csv`, 'x'.repeat(size), 500 - at);
  const bounds = { bytes: 30, settleMs: 0 };
  expect(await turn(hours(0, 1), { bounds })).toEqual(['00 0.csv']);
  expect(await turn(hours(1, 2), { bounds })).toEqual(['01 1.csv', '01 2.csv']);
  expect(await turn(hours(2, 3), { bounds })).toEqual(['02 3.csv']);
});

test('a file that an interval took and that is gone, or has other content, is SOURCE_MISSING for that interval alone', async () => {
  await write('a.csv', 'one');
  await turn(hours(0, 1));
  await write('b.csv', 'two');
  await turn(hours(1, 2));
  await write('a.csv', 'other');
  await rm(join(input, 'b.csv'));
  const failures = await Promise.all([0, 1].map((n) => run(hours(n, n + 1)).then(() => undefined, toWeirError)));
  expect(failures.map((error) => [error?.code, error?.message, error?.place])).toEqual([
    ['SOURCE_MISSING', `2026-01-01/2026-01-01T01:00:00Z took a.csv, which has other content now: ${input}/*.csv.`, 'a.csv'],
    ['SOURCE_MISSING', `2026-01-01T01:00:00Z/2026-01-01T02:00:00Z took b.csv, which is gone: ${input}/*.csv.`, 'b.csv'],
  ]);
  expect(failures[0]?.fix).toContain('--from raw');
  expect(await turn(hours(2, 3))).toEqual(['02 a.csv']);
});

test('a folder that is gone is an error, not the end of all files; a run needs an interval', async () => {
  await expect(run(hours(0, 1), { of: definition('none/*.csv') })).rejects.toMatchObject({ code: 'SOURCE_MISSING' });
  await expect(run(hours(0, 1), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(run(undefined as unknown as Interval)).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
});

test('two files of the same content are two; what an interval took has no bearing on how many there are', async () => {
  for (let n = 0; n < 2_500; n += 1) await write(`${String(n).padStart(4, '0')}.csv`, n % 2 === 0 ? 'same' : `${n}`);
  expect(await turn(hours(0, 1))).toHaveLength(2_500);
  catalog.asked.length = 0;
  expect(await turn(hours(1, 2))).toEqual([]);
  expect(Math.max(...catalog.asked)).toBeLessThanOrEqual(1_024);
  expect(await readdir(lake.absolute('tmp'))).toEqual([]);
});

interface Event {
  readonly write?: string | undefined;
  readonly grow?: string | undefined;
  readonly touch?: string | undefined;
  readonly remove?: string | undefined;
  readonly run?: { readonly most: number; readonly dies: boolean } | undefined;
}

/** What somebody who watches the folder writes down: what is in it, and what was taken last, by name. */
class Observer {
  readonly content = new Map<string, string>();
  readonly last = new Map<string, string>();
  readonly taken: string[] = [];
  private versions = 0;
  private at = 0;

  async see({ write: written, grow, touch, remove, run: one }: Event): Promise<void> {
    if (written !== undefined) await this.write(written);
    else if (grow !== undefined && this.content.has(grow)) {
      this.content.set(grow, `${this.content.get(grow)}+`);
      await appendFile(join(input, grow), '+');
    } else if (touch !== undefined && this.content.has(touch)) await utimes(join(input, touch), 1, 1);
    else if (remove !== undefined) {
      this.content.delete(remove);
      await rm(join(input, remove), { force: true });
    } else if (one) await this.turn(one.most, one.dies);
  }

  async turn(most: number, dies: boolean): Promise<void> {
    const result = await run(hours(this.at, this.at + 1), { bounds: { files: most, settleMs: 0 } });
    const got = (await datasetOf(result)).segments.map(({ source = '', sha256: hash }) => `${source} ${hash}`);
    const fresh = [...this.content].filter(([name, text]) => this.last.get(name) !== text).map(([name, text]) => `${name} ${sha256(text)}`);
    expect(fresh).toEqual(expect.arrayContaining(got));
    if (most >= this.content.size) expect(got).toHaveLength(fresh.length);
    if (dies) return;
    await catalog.publish(result);
    for (const [name = ''] of got.map((one) => one.split(' '))) this.last.set(name, this.content.get(name) ?? '');
    this.taken.push(...got.map((one) => `${hour(this.at)} ${one}`));
    this.at += 1;
  }

  private async write(name: string): Promise<void> {
    this.versions += 1;
    this.content.set(name, `version ${this.versions}`);
    await write(name, `version ${this.versions}`);
  }
}

test('whatever comes, changes, goes and dies: each version that was there at a take is in exactly one interval', async () => {
  const name = fc.constantFrom('a.csv', 'b.csv', 'c.csv', 'd.csv');
  const event: fc.Arbitrary<Event> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ write: name }) },
    { weight: 1, arbitrary: fc.record({ grow: name }) },
    { weight: 1, arbitrary: fc.record({ touch: name }) },
    { weight: 1, arbitrary: fc.record({ remove: name }) },
    { weight: 4, arbitrary: fc.record({ run: fc.record({ most: fc.integer({ min: 1, max: 4 }), dies: fc.boolean() }) }) },
  );
  const property = fc.asyncProperty(fc.array(event, { minLength: 4, maxLength: 20 }), async (events) => {
    await rm(input, { recursive: true });
    await mkdir(input);
    catalog = new TakeCatalog(lake);
    const observer = new Observer();
    for (const one of events) await observer.see(one);
    // Whatever was left comes, a few at a time.
    for (let turns = 0; turns < 5; turns += 1) await observer.turn(2, false);
    expect(catalog.files.map(({ partition, name: of, sha256: hash }) => `${partition} ${of} ${hash}`)).toEqual(observer.taken);
    for (const [of, text] of observer.content) expect(observer.last.get(of)).toBe(text);
    // No two versions are the same here.
    expect(new Set(catalog.files.map(({ sha256: hash }) => hash)).size).toBe(catalog.files.length);
  });
  await fc.assert(property, { numRuns: Number(process.env['WEIR_MODEL_RUNS'] ?? 30) });
}, 300_000);
