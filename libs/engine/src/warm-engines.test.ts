import { until } from '@weir/testkit';
import { WarmEngines } from './warm-engines';

const never = new AbortController().signal;
const opened: WarmEngines[] = [];
const warm = (more: { most?: number; idleMs?: number; memoryLimit?: string } = {}): WarmEngines => {
  const engines = new WarmEngines({ memoryLimit: '128MB', threads: 1, ...more });
  opened.push(engines);
  return engines;
};
afterEach(() => {
  for (const engines of opened.splice(0)) engines.close();
});

const statement = (sql: string, name = 'test') => ({ sql, name });

/** How often an engine was visited, this time included: 1 says that it is new. */
async function visit(engines: WarmEngines, key: string): Promise<number> {
  await engines.rows(key, statement('create table if not exists visit (n INTEGER)'), [], never);
  await engines.rows(key, statement('insert into visit values (1)'), [], never);
  const [row] = await engines.rows<{ n: number }>(key, statement('select count(*) as n from visit'), [], never);
  return row?.n ?? 0;
}

const echo = statement('select $1::VARCHAR as text, $2::BLOB as bytes, decode($2::BLOB) as decoded');

describe('a warm engine', () => {
  it('takes text and bytes as they are, and gives bytes back', async () => {
    const text = 'naïve 漢😀 \u001e \u0000 \u007f';
    const [row] = await warm().rows<{ text: string; bytes: Uint8Array; decoded: string }>('a', echo, [text, Buffer.from(text)], never);
    expect(row?.text).toBe(text);
    expect(Buffer.from(row?.bytes ?? []).equals(Buffer.from(text))).toBe(true);
    expect(row?.decoded).toBe(text);
  });

  it('runs a statement again with other parameters', async () => {
    const engines = warm();
    const sum = statement('select sum(n::BIGINT) as total from (select unnest(string_split($1::VARCHAR, chr(30))) as n)');
    for (const [text, total] of [['1\u001e2', 3], ['40', 40], ['1\u001e1\u001e1', 3]] as const) expect(await engines.rows('a', sum, [text], never)).toEqual([{ total }]);
  });

  it('runs calls of one key in turn and answers each with its own', async () => {
    const engines = warm();
    const count = statement('select count(*) as n from range($1::VARCHAR::BIGINT)');
    const counts = await Promise.all([50_000, 60_000, 70_000].map((n) => engines.rows<{ n: number }>('a', count, [String(n)], never)));
    expect(counts.map(([row]) => row?.n)).toEqual([50_000, 60_000, 70_000]);
  });

  it.each([
    ["select * from read_csv('/etc/passwd')"],
    ["copy (select 1) to '/tmp/weir-warm-out.csv'"],
    ["select getenv('PATH')"],
    ["set memory_limit = '9GB'"],
    ["attach '/tmp/weir-warm.db'"],
  ])('refuses `%s`, as every engine does', async (sql) => {
    await expect(warm().rows('a', statement(sql), [], never)).rejects.toMatchObject({ code: expect.stringMatching(/MODEL_FAILED|ENGINE_FAILED/) as string });
  });

  it('says MODEL_FAILED with the name of the statement where the data does not fit, and goes on', async () => {
    const engines = warm();
    const cast = statement('select $1::VARCHAR::INTEGER as n', 'cast');
    await expect(engines.rows('a', cast, ['x'], never)).rejects.toMatchObject({ code: 'MODEL_FAILED', place: 'cast' });
    expect(await engines.rows('a', cast, ['7'], never)).toEqual([{ n: 7 }]);
  });

  it('says MEMORY_LIMIT where a batch does not fit, and goes on', async () => {
    const engines = warm({ memoryLimit: '64MB' });
    const grow = statement("select length(list(repeat($1::VARCHAR, 1000) || range)::VARCHAR) as n from range(1000000)");
    await expect(engines.rows('a', grow, ['x'], never)).rejects.toMatchObject({ code: 'MEMORY_LIMIT' });
    expect(await engines.rows('a', statement('select 1 as n'), [], never)).toEqual([{ n: 1 }]);
  });
});

describe('an aborted call', () => {
  const endless = statement('select count(*) as n from range(1000000000) a, range(1000000) b where hash(a.range + b.range) % 7 = 3');
  const one = statement('select 1 as n');

  it('is stopped, and the engine takes the next one', async () => {
    const engines = warm();
    const abort = new AbortController();
    const running = engines.rows('a', endless, [], abort.signal);
    setTimeout(() => abort.abort(), 100);
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await engines.rows('a', one, [], never)).toEqual([{ n: 1 }]);
  });

  it('that waits for its turn does not wait for it', async () => {
    const engines = warm();
    const [first, second] = [new AbortController(), new AbortController()];
    const running = engines.rows('a', endless, [], first.signal);
    const waiting = engines.rows('a', one, [], second.signal);
    second.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    first.abort();
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('is one of 64 at most that wait for an engine; more are told to come back', async () => {
    const engines = warm();
    const abort = new AbortController();
    const waiting = Array.from({ length: 64 }, () => engines.rows('a', endless, [], abort.signal));
    const refused = engines.rows('a', one, [], never);
    await expect(refused).rejects.toMatchObject({ code: 'BUSY' });
    expect(await engines.rows('b', one, [], never)).toEqual([{ n: 1 }]);
    abort.abort();
    expect((await Promise.allSettled(waiting)).every(({ status }) => status === 'rejected')).toBe(true);
    expect(await engines.rows('a', one, [], never)).toEqual([{ n: 1 }]);
  });

  it('does nothing when it was aborted before', async () => {
    await expect(warm().rows('a', one, [], AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('does not keep its engine from being closed', async () => {
    const engines = warm();
    const abort = new AbortController();
    const running = engines.rows('a', endless, [], abort.signal);
    engines.close();
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('engines', () => {
  it('stay open between calls, one for each key', async () => {
    const engines = warm();
    expect([await visit(engines, 'a'), await visit(engines, 'a'), await visit(engines, 'b')]).toEqual([1, 2, 1]);
  });

  it('beyond the most that stay open: the one that was used longest ago is closed', async () => {
    const engines = warm({ most: 2 });
    for (const key of ['a', 'b', 'a', 'c']) await visit(engines, key);
    expect([await visit(engines, 'a'), await visit(engines, 'c'), await visit(engines, 'b')]).toEqual([3, 2, 1]);
  });

  it('that are in use are closed when they are done', async () => {
    const engines = warm({ most: 1 });
    const slow = statement('select count(*) as n from range(30000000) where hash(range) % 7 = 3');
    const [[a], [b]] = await Promise.all([engines.rows<{ n: number }>('a', slow, [], never), engines.rows<{ n: number }>('b', slow, [], never)]);
    expect(a?.n).toBeGreaterThan(0);
    expect(b).toEqual(a);
  });

  it('that nobody uses are closed after a time', async () => {
    const engines = warm({ idleMs: 5 });
    await visit(engines, 'a');
    expect(await until(async () => (await visit(engines, 'a')) === 1, { timeoutMs: 10_000, what: 'A new engine' })).toBe(true);
  });

  it('that failed for reasons of their own are replaced', async () => {
    const engines = warm();
    await visit(engines, 'a');
    await expect(engines.rows('a', statement('select $1::VARCHAR::INTEGER'), ['x'], never)).rejects.toMatchObject({ code: 'MODEL_FAILED' });
    expect(await visit(engines, 'a')).toBe(2);
    await expect(engines.rows('a', statement('rollback'), [], never)).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    expect(await visit(engines, 'a')).toBe(1);
  });

  it('that cannot be opened fail each call, not the process', async () => {
    const engines = warm({ memoryLimit: 'much' });
    for (const _ of [1, 2]) await expect(engines.rows('a', statement('select 1'), [], never)).rejects.toThrow(/config/);
  });
});
