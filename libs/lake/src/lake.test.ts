import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lake } from './lake';
import type { Manifest } from './manifest';
import { manifestPath, rawPath, segmentPath } from './paths';

let root: string;
let lake: Lake;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'weir-lake-'));
  lake = new Lake(join(root, 'lake'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A finished file in a scratch folder. */
async function finished(text: string): Promise<string> {
  const { dir } = await lake.scratch('run-1', 'attempt-1');
  const file = join(dir, 'file');
  await writeFile(file, text);
  return file;
}

describe('Lake paths', () => {
  const hostile: readonly string[] = ['', '/', '/etc/passwd', '..', '../x', 'raw/../../x', 'raw/..', 'raw/./x', 'raw//x', 'raw/', 'a\0b', 'a\nb', 'a\\..\\b', `raw/${'x'.repeat(256)}`, `${'long/'.repeat(300)}x`, `raw/${'ü'.repeat(128)}`, 'delete\u007f'];
  it.each(hostile.map((path) => [JSON.stringify(path).slice(0, 24), path] as const))('refuses %s…', (_shown, path) => {
    expect(() => lake.absolute(path)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }) as Error);
  });

  it('takes every other path, inside of its root', () => {
    for (const path of ['raw/p/orders/ab/abc.csv', 'a', '...', 'a..b/c', 'ü/é', `raw/${'x'.repeat(255)}`]) expect(lake.absolute(path)).toBe(join(root, 'lake', path));
  });

  it('refuses a path over a symbolic link that leads out, even to what does not exist', () => {
    mkdirSync(join(root, 'outside'));
    symlinkSync(join(root, 'outside'), join(root, 'lake', 'out'));
    symlinkSync(join(root, 'nowhere'), join(root, 'lake', 'dangling'));
    symlinkSync('/etc/passwd', join(root, 'lake', 'file'));
    for (const path of ['out', 'out/x', 'out/x/y', 'dangling', 'dangling/x', 'file']) {
      expect(() => lake.absolute(path)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }) as Error);
    }
  });

  it('refuses ids that would change the shape of a path', () => {
    const bad: (() => string)[] = [() => rawPath('../x', 'orders', 'ab'), () => segmentPath('p', 'silver.a/b', 'r', 'a', 0), () => manifestPath('p', '..', 'transform', 'a'), () => segmentPath('p', 'silver.', 'r', 'a', 0)];
    for (const path of bad) expect(path).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }) as Error);
    expect(segmentPath('retail', 'silver.lines', 'r', 'a', 2)).toBe('silver/retail/lines/r/a-2.parquet');
  });
});

describe('Lake files', () => {
  it('moves a finished file to its place, read-only, and says its size and hash', async () => {
    const temp = await finished('a,b\n1,2\n');
    expect(await lake.adopt(temp, 'raw/p/orders/ab/x.csv')).toEqual({ bytes: 8, sha256: sha256('a,b\n1,2\n') });
    const file = lake.absolute('raw/p/orders/ab/x.csv');
    expect(readFileSync(file, 'utf8')).toBe('a,b\n1,2\n');
    expect((await stat(file)).mode & 0o777).toBe(0o444);
    expect(existsSync(temp)).toBe(false);
  });

  it('does not read a file again whose writer has hashed it', async () => {
    // That it is not what the file has shows that nobody looked.
    const known = { bytes: 5, sha256: sha256('wrote') };
    expect(await lake.adopt(await finished('other'), 'raw/y', known)).toEqual(known);
    await expect(lake.adopt(await finished('wrote'), 'raw/y', known)).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    expect(readFileSync(lake.absolute('raw/y'), 'utf8')).toBe('other');
  });

  it('takes the same content twice and refuses another one, which leaves the first as it was', async () => {
    await lake.adopt(await finished('first'), 'raw/x');
    const inode = (await stat(lake.absolute('raw/x'))).ino;
    await lake.adopt(await finished('first'), 'raw/x');
    await expect(lake.adopt(await finished('second'), 'raw/x')).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    await expect(lake.putStream('raw/x', [Buffer.from('third')])).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    expect(readFileSync(lake.absolute('raw/x'), 'utf8')).toBe('first');
    expect((await stat(lake.absolute('raw/x'))).ino).toBe(inode);
  });

  it('moves a finished file to the place that its content says, also when it is there already', async () => {
    for (const text of ['rows', 'rows']) {
      const digest = { bytes: 4, sha256: sha256('rows') };
      expect(await lake.adoptByContent(await finished(text), (hash) => rawPath('p', 'clicks', hash, 'parquet'))).toEqual({ ...digest, path: `raw/p/clicks/${digest.sha256.slice(0, 2)}/${digest.sha256}.parquet` });
    }
    expect(readFileSync(lake.absolute(rawPath('p', 'clicks', sha256('rows'), 'parquet')), 'utf8')).toBe('rows');
  });

  it('leaves nothing of a stream that fails or is cancelled', async () => {
    const controller = new AbortController();
    async function* failing(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(Buffer.from('half'));
      throw new Error('the source broke');
    }
    async function* cancelled(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(Buffer.from('half'));
      controller.abort();
      yield Buffer.from('more');
    }
    await expect(lake.putStream('raw/x', failing())).rejects.toMatchObject({ code: 'INTERNAL', message: 'the source broke' });
    await expect(lake.putStream('raw/x', cancelled(), controller.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(existsSync(lake.absolute('raw/x'))).toBe(false);
    expect(await readdir(lake.absolute('tmp'))).toEqual([]);
  });

  it('takes hundreds of small files that come at once', async () => {
    const names = Array.from({ length: 305 }, (_, index) => `raw/p/orders/${index % 16}/${index}.csv`);
    const digests = await Promise.all(names.map((name) => lake.putStream(name, [Buffer.from(name)])));
    expect(digests.map((digest) => digest.sha256)).toEqual(names.map(sha256));
  });

  it('finds out a segment that is missing or was changed', async () => {
    const digest = await lake.putStream('silver/x', [Buffer.from('rows')]);
    await lake.verify({ path: 'silver/x', ...digest });
    await chmod(lake.absolute('silver/x'), 0o644);
    await writeFile(lake.absolute('silver/x'), 'ROWS');
    await expect(lake.verify({ path: 'silver/x', ...digest })).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    await expect(lake.verify({ path: 'silver/y', ...digest })).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
  });

  it('gives each attempt a private folder of its own and removes it', async () => {
    const [one, two] = await Promise.all([lake.scratch('run-1', 'a'), lake.scratch('run-1', 'a')]);
    expect(one.dir).not.toBe(two.dir);
    expect((await stat(one.dir)).mode & 0o777).toBe(0o700);
    await one.dispose();
    await one.dispose();
    expect([existsSync(one.dir), existsSync(two.dir)]).toEqual([false, true]);
  });
});

describe('Lake manifests', () => {
  const manifest: Manifest = {
    version: 1,
    pipeline: 'retail',
    runId: 'run-1',
    stage: 'transform',
    attempt: 'a1',
    datasets: [
      {
        dataset: 'silver.lines',
        partitions: [
          { partition: '2010-12-01T00:00:00Z', rows: 3 },
          { partition: '2010-12-02T00:00:00Z', rows: 0 },
        ],
        segments: [{ path: 'silver/retail/lines/run-1/a1-0.parquet', rows: 3, bytes: 100, sha256: 'ab', partitions: ['2010-12-01T00:00:00Z'] }],
      },
    ],
  };

  it('come back as they were written, with totals', async () => {
    const reference = await lake.writeManifest(manifest);
    expect(reference).toMatchObject({ manifest: 'manifest/retail/run-1/transform-a1.json', rows: 3, bytes: 100 });
    expect(await lake.readManifest(reference)).toEqual(manifest);
  });

  it('are refused when they are missing, changed or of another version', async () => {
    const reference = await lake.writeManifest(manifest);
    await expect(lake.readManifest({ ...reference, sha256: sha256('other') })).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    await expect(lake.readManifest({ ...reference, manifest: 'manifest/retail/run-2/transform-a1.json' })).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    await expect(lake.readManifest({ ...reference, manifest: '../manifest.json' })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    const newer = await lake.putStream('manifest/newer.json', [Buffer.from(JSON.stringify({ ...manifest, version: 2 }))]);
    await expect(lake.readManifest({ manifest: 'manifest/newer.json', sha256: newer.sha256 })).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
  });

  it('of extracts stay when the rest of what a run staged goes', async () => {
    const extract = await lake.writeManifest({ ...manifest, stage: 'extract' });
    await lake.writeManifest(manifest);
    await lake.removeRun('retail', 'run-1');
    expect(await readdir(lake.absolute('manifest/retail/run-1'))).toEqual(['extract-a1.json']);
    expect(await lake.readManifest(extract)).toMatchObject({ stage: 'extract' });
  });

  it('and all else that a run staged go with it, but raw and other runs stay', async () => {
    const put = (path: string): Promise<unknown> => lake.putStream(path, [Buffer.from(path)]);
    await lake.writeManifest(manifest);
    await lake.scratch('run-1', 'a1');
    const kept = ['raw/retail/orders/ab/abc.csv', 'silver/retail/lines/run-2/a-0.parquet', 'silver/other/lines/run-1/a-0.parquet'];
    const dropped = ['bronze/retail/orders/run-1/a-0.parquet', 'silver/retail/lines/run-1/a-0.parquet', 'gold/retail/top/run-1/a-0.parquet'];
    for (const path of [...kept, ...dropped]) await put(path);
    await lake.removeRun('retail', 'run-1');
    await lake.removeRun('retail', 'run-1');
    expect([...kept, ...dropped].filter((path) => existsSync(lake.absolute(path)))).toEqual(kept);
    expect(existsSync(lake.absolute('manifest/retail/run-1'))).toBe(false);
    expect(await readdir(lake.absolute('tmp'))).toEqual([]);
  });
});
