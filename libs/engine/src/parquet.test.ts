import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DELETED_COLUMN, segmentRelation, PARTITION_COLUMN } from './relation';
import { withEngine } from './engine';
import { writeParquet } from './parquet';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-parquet-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const inEngine = <T>(body: Parameters<typeof withEngine<T>>[1], inputs: string[] = []): Promise<T> => withEngine({ inputs, staging: dir, memoryLimit: '128MB', threads: 2 }, body);

describe('writeParquet', () => {
  it('lists each file with its bytes, rows and partitions, several files when one would be too large', async () => {
    const select = "select 'p' || (100 + r % 7) as _weir_partition, r as n, md5(r::varchar) as text from range(200000) t(r)";
    const files = await inEngine((engine) => writeParquet(engine, { select, dir: join(dir, 'out'), name: 'numbers', fileBytes: 1_000_000 }));
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) {
      expect((await stat(file.path)).size).toBe(file.bytes);
      expect(file.partitions.reduce((sum, { rows }) => sum + rows, 0)).toBe(file.rows);
    }
    const perPartition = new Map<string, number>();
    for (const { partition, rows } of files.flatMap((file) => file.partitions)) perPartition.set(partition, (perPartition.get(partition) ?? 0) + rows);
    // 200,000 = 7 × 28,571 + 3: the first three remainders have one row more.
    expect(perPartition).toEqual(new Map([0, 1, 2, 3, 4, 5, 6].map((remainder) => [`p${100 + remainder}`, remainder < 3 ? 28_572 : 28_571])));
  });

  it('counts of rows that can delete their key those that do not, and lists every partition that has any', async () => {
    const select = "select 'p' || r % 3 as _weir_partition, r as n, r % 3 = 2 or r = 0 as _weir_deleted from range(9) t(r)";
    const [file] = await inEngine((engine) => writeParquet(engine, { select, dir: join(dir, 'out'), name: 'rows', deleting: true }));
    expect(file).toMatchObject({ rows: 9, partitions: [{ partition: 'p0', rows: 2 }, { partition: 'p1', rows: 3 }, { partition: 'p2', rows: 0 }] });
  });

  it('gives no file for a select without rows', async () => {
    const files = await inEngine((engine) => writeParquet(engine, { select: "select 'all' as _weir_partition, 1 as n where false", dir: join(dir, 'out'), name: 'nothing' }));
    expect(files).toEqual([]);
  });
});

describe('segmentRelation', () => {
  const write = (name: string, select: string): Promise<string> =>
    inEngine(async (engine) => (await writeParquet(engine, { select, dir: join(dir, name), name }))[0]?.path ?? '');
  const columns = [{ name: 'n', type: 'BIGINT' as const }, PARTITION_COLUMN];

  it('reads only the live partitions of a file that is partly replaced', async () => {
    const wide = await write('wide', "select 'p' || r as _weir_partition, r::bigint as n from range(4) t(r)");
    const narrow = await write('narrow', "select 'p1' as _weir_partition, 100::bigint as n");
    const relation = segmentRelation(
      [
        { absolutePath: wide, partitions: ['p0', 'p2', 'p3'], whole: false },
        { absolutePath: narrow, partitions: ['p1'], whole: true },
      ],
      columns,
    );
    const rows = await inEngine((engine) => engine.rows(`select * from ${relation} order by n`), [wide, narrow]);
    expect(rows).toEqual([0, 2, 3, 100].map((n) => ({ n, _weir_partition: n === 100 ? 'p1' : `p${n}` })));
  });

  it('reads segments of an older definition: a missing column is null, another type is cast', async () => {
    const old = await write('old', "select 'p0' as _weir_partition, 7::integer as n");
    const wanted = [...columns, { name: 'added', type: 'DECIMAL(12,3)' as const }];
    const rows = await inEngine((engine) => engine.rows(`select *, typeof(n) as type from ${segmentRelation([{ absolutePath: old, partitions: ['p0'], whole: true }], wanted)}`), [old]);
    expect(rows).toEqual([{ n: 7, _weir_partition: 'p0', added: null, type: 'BIGINT' }]);
  });

  it('is an empty relation of the right types without segments', async () => {
    const rows = await inEngine((engine) => engine.rows(`select count(*) as rows, typeof(sum(n)) as type from ${segmentRelation([], columns)}`));
    expect(rows).toEqual([{ rows: 0, type: 'HUGEINT' }]);
  });

  it('takes rows of segments from before rows could delete for rows that do not', async () => {
    const old = await write('old', "select 'p0' as _weir_partition, 1::bigint as n");
    const current = await write('current', "select * from (values ('p1', 2::bigint, true), ('p1', 3, false), ('p1', 4, null)) v(_weir_partition, n, _weir_deleted)");
    const segments = [old, current].map((absolutePath) => ({ absolutePath, partitions: [], whole: true }));
    const deleted = (files: typeof segments) => inEngine((engine) => engine.rows(`select n, _weir_deleted from ${segmentRelation(files, [...columns, DELETED_COLUMN])} order by n`), [old, current]);
    const before = { n: 1, _weir_deleted: false };
    expect(await deleted(segments.slice(0, 1))).toEqual([before]);
    expect(await deleted(segments)).toEqual([before, { n: 2, _weir_deleted: true }, { n: 3, _weir_deleted: false }, { n: 4, _weir_deleted: false }]);
  });
});
