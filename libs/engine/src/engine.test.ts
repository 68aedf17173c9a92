import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withEngine, type Engine } from './engine';
import { mapEngineError } from './engine-error';

let root: string;
let staging: string;
let input: string;
let secret: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'weir-engine-')));
  staging = join(root, 'staging');
  input = join(root, 'input.csv');
  secret = join(root, 'secret.csv');
  await mkdir(staging);
  await mkdir(join(root, 'staging2'));
  await writeFile(input, 'a,b\n1,2\n');
  await writeFile(secret, 'a,b\n3,4\n');
  await writeFile(join(root, 'staging2', 'secret.csv'), 'a,b\n3,4\n');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const inEngine = <T>(body: (engine: Engine) => Promise<T>, more: { memoryLimit?: string; signal?: AbortSignal } = {}): Promise<T> =>
  withEngine({ inputs: [input], staging, memoryLimit: '128MB', threads: 2, ...more }, body);

describe('the locked engine, even if the parser let everything through', () => {
  it('reads its inputs and writes below staging', async () => {
    await inEngine(async (engine) => {
      expect(await engine.rows(`select * from read_csv('${input}')`)).toEqual([{ a: 1, b: 2 }]);
      await engine.run(`copy (select 1 as n) to '${staging}/out.csv'`);
    });
    expect(existsSync(join(staging, 'out.csv'))).toBe(true);
  });

  const hostile: [string, (paths: { root: string; staging: string; secret: string }) => string][] = [
    ['reads another file', ({ secret }) => `select * from read_csv('${secret}')`],
    ['reads another file by its name', ({ secret }) => `from '${secret}'`],
    ['reads a text', () => "select * from read_text('/etc/passwd')"],
    ['reads bytes', () => "select * from read_blob('/proc/self/environ')"],
    ['lists a folder', ({ root }) => `select * from glob('${root}/*')`],
    ['goes up from staging', ({ staging }) => `select * from read_csv('${staging}/../secret.csv')`],
    ['reads a folder whose name begins as staging does', ({ root }) => `select * from read_csv('${root}/staging2/secret.csv')`],
    ['sniffs another file', ({ secret }) => `select * from sniff_csv('${secret}')`],
    ['fetches over the network', () => "select * from read_parquet('https://127.0.0.1:9/x.parquet')"],
    ['copies out', ({ root }) => `copy (select 1) to '${root}/x.csv'`],
    ['copies out over ..', ({ staging }) => `copy (select 1) to '${staging}/../x.csv'`],
    ['attaches a database', ({ root }) => `attach '${root}/x.db'`],
    ['exports the database', ({ root }) => `export database '${root}/x'`],
    ['installs an extension', () => 'install httpfs'],
    ['loads an extension', () => 'load httpfs'],
    ['loads a file as an extension', ({ staging }) => `load '${staging}/x.duckdb_extension'`],
    ['sets a limit', () => "set memory_limit = '9GB'"],
    ['sets a limit by pragma', () => 'pragma threads = 64'],
    ['turns access on', () => 'set enable_external_access = true'],
    ['unlocks', () => 'reset lock_configuration'],
    ['reads the environment', () => "select getenv('PATH')"],
    ['stores a secret', () => "create persistent secret s (type s3, key_id 'x', secret 'y')"],
  ];
  it.each(hostile)('refuses what %s', async (_what, statement) => {
    await inEngine(async (engine) => {
      await expect(engine.run(statement({ root, staging, secret }))).rejects.toMatchObject({ code: expect.stringMatching(/MODEL_FAILED|ENGINE_FAILED/) as string });
    });
    expect((await readdir(root)).sort()).toEqual(['input.csv', 'secret.csv', 'staging', 'staging2']);
  });

  it('works in UTC whatever the machine is set to', async () => {
    expect(await inEngine((engine) => engine.rows("select current_setting('TimeZone') as zone, '2020-01-01 00:00:00+00'::timestamptz::varchar as at"))).toEqual([{ zone: 'UTC', at: '2020-01-01 00:00:00+00' }]);
  });
});

describe('limits of the engine', () => {
  const endless = 'select count(*) as n from range(1000000000) a, range(1000000) b where hash(a.range + b.range) % 7 = 3';

  it('stops a long query within 5 s of an abort', async () => {
    const controller = new AbortController();
    let aborted = 0;
    const running = inEngine((engine) => {
      const query = engine.rows(endless);
      setTimeout(() => {
        aborted = Date.now();
        controller.abort();
      }, 200);
      return query;
    }, { signal: controller.signal });
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(Date.now() - aborted).toBeLessThan(5000);
  });

  it('starts no further statement after an abort', async () => {
    const controller = new AbortController();
    const running = inEngine(async (engine) => {
      controller.abort();
      await engine.run('select 1');
    }, { signal: controller.signal });
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('does not start at all when it was aborted before', async () => {
    await expect(inEngine(() => Promise.resolve(1), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('answers MEMORY_LIMIT when a statement does not fit, and goes on working', async () => {
    await inEngine(
      async (engine) => {
        await expect(engine.run("select list(repeat('x', 1000) || range) from range(1000000)")).rejects.toMatchObject({ code: 'MEMORY_LIMIT' });
        expect(await engine.rows('select 1 as one')).toEqual([{ one: 1 }]);
      },
      { memoryLimit: '64MB' },
    );
  });

  it('spills what can spill into staging', async () => {
    const rows = await inEngine((engine) => engine.rows("select count(*) as n from (select range, md5(range::varchar) as m from range(3000000) order by m)"), { memoryLimit: '128MB' });
    expect(rows).toEqual([{ n: 3_000_000 }]);
  });

  it('refuses results that are data rather than numbers', async () => {
    await expect(inEngine((engine) => engine.rows('select * from range(100001)'))).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringMatching(/100000 rows/) as string });
  });
});

describe('failures of the engine', () => {
  it.each([
    ["select 'x'::integer", 'MODEL_FAILED', /Could not convert string 'x'/],
    ['select 9223372036854775807 + 1::bigint', 'MODEL_FAILED', /Overflow/],
    ['select 999.99::decimal(3, 1)', 'MODEL_FAILED', /out of range/],
    ['select amout', 'MODEL_FAILED', /"amout"/],
    ['select (select * from range(3))', 'MODEL_FAILED', /More than one row/],
  ])('%s is %s, the statement named', async (sql, code, message) => {
    await expect(inEngine((engine) => engine.run(sql, 'lines'))).rejects.toMatchObject({ code, place: 'lines', message: expect.stringMatching(message) as string });
  });

  it('says SEGMENT_CORRUPT for an input that is gone or is no Parquet file', async () => {
    await writeFile(input, 'no parquet at all, but long enough to be read as one');
    await expect(inEngine((engine) => engine.run(`select * from read_parquet('${input}')`))).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    await rm(input);
    await expect(inEngine((engine) => engine.run(`select * from read_parquet('${input}')`))).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
  });

  it('says DISK_FULL when the engine finds no space, as its messages have it', () => {
    const full = JSON.stringify({ exception_type: 'IO', exception_message: 'Could not write file "/x/part-0.parquet": No space left on device' });
    expect(mapEngineError(new Error(full), 'lines')).toMatchObject({ code: 'DISK_FULL' });
  });

  it('gives statements that are called at once their whole results', async () => {
    const counts = await inEngine((engine) => Promise.all([5000, 6000, 7000].map(async (n) => (await engine.rows(`select * from range(${n})`)).length)));
    expect(counts).toEqual([5000, 6000, 7000]);
  });

  it('gives exact values: integers as numbers, decimals and times as text, lists as arrays', async () => {
    const sql = "select 9007199254740991 as i, 0.1::decimal(12,3) as d, date '2020-02-29' as day, timestamp '2020-02-29 01:02:03.5' as at, ['a', null] as l, null as n, 1.5::double as f, true as b";
    expect(await inEngine((engine) => engine.rows(sql))).toEqual([{ i: 9007199254740991, d: '0.100', day: '2020-02-29', at: '2020-02-29 01:02:03.5', l: ['a', null], n: null, f: 1.5, b: true }]);
    await expect(inEngine((engine) => engine.rows('select 9007199254740992 as i'))).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('rows that are appended', () => {
  it('are in the table in their order, with the bytes and numbers that they had', async () => {
    await inEngine(async (engine) => {
      await engine.run('create temp table t (n BIGINT, bytes BLOB, text VARCHAR)');
      const rows = Array.from({ length: 5_000 }, (_, n) => [n, Buffer.from([n % 256, 0, 255]), n % 3 === 0 ? null : `é${n}`] as const);
      await engine.append('t', rows.slice(0, 3_000));
      await engine.append('t', rows.slice(3_000));
      const found = await engine.rows<{ n: number; hex: string; text: string | null }>('select n, hex(bytes) as hex, text from t');
      expect(found).toEqual(rows.map(([n, bytes, text]) => ({ n, hex: bytes.toString('hex').toUpperCase(), text })));
      await engine.append('t', [[Number.MAX_SAFE_INTEGER, null, '']]);
      expect(await engine.rows('select n, bytes, text from t where rowid = 5000')).toEqual([{ n: Number.MAX_SAFE_INTEGER, bytes: null, text: '' }]);
    });
  });

  it('end with an error where they do not fit the table', async () => {
    await inEngine(async (engine) => {
      await engine.run('create temp table t (n BIGINT)');
      await expect(engine.append('t', [[1, 2]])).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
      await expect(engine.append('u', [[1]])).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
      await engine.append('t', [[7]]);
      expect(await engine.rows('select n from t')).toEqual([{ n: 7 }]);
    });
  });
});

describe('pages of a result', () => {
  it('bring any number of rows, bytes as bytes, and then let the next statement run', async () => {
    await inEngine(async (engine) => {
      const numbers: number[] = [];
      const pages = engine.pages<{ n: number; b: Uint8Array }>('select range as n, encode(range::varchar) as b from range(150000)');
      const next = engine.rows('select 1 as one');
      for await (const page of pages) {
        expect(page.length).toBeLessThanOrEqual(2_048);
        numbers.push(...page.map(({ n }) => n));
        expect(Buffer.from(page[0]?.b ?? []).toString()).toBe(String(page[0]?.n));
      }
      expect(numbers).toEqual(Array.from({ length: 150_000 }, (_, n) => n));
      expect(await next).toEqual([{ one: 1 }]);
    });
  });

  it('may be left before their end', async () => {
    await inEngine(async (engine) => {
      for await (const page of engine.pages('select * from range(1000000)')) {
        expect(page.length).toBe(2_048);
        break;
      }
      expect(await engine.rows('select 2 as two')).toEqual([{ two: 2 }]);
    });
  });

  it('fail with the code of the statement, at once or on the way', async () => {
    await inEngine(async (engine) => {
      const read = async (sql: string): Promise<number> => {
        let rows = 0;
        for await (const page of engine.pages(sql, 'paged')) rows += page.length;
        return rows;
      };
      await expect(read('select nothing')).rejects.toMatchObject({ code: 'MODEL_FAILED', place: 'paged' });
      await expect(read("select case when range = 100000 then 'x'::integer end from range(200000)")).rejects.toMatchObject({ code: 'MODEL_FAILED', place: 'paged' });
      expect(await engine.rows('select 3 as three')).toEqual([{ three: 3 }]);
    });
  });
});
