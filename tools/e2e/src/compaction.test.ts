import { existsSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { withEngine } from '@weir/engine';
import type { LiveSegment } from '@weir/rpc';
import { tempDir, until } from '@weir/testkit';
import { command, ROOT, weir } from './command-line';
import { HourlySales, type Sale } from './hourly-sales';
import { useHouse } from './house';

const DAYS = 40;
const EACH = 20;
const FIRST = '2026-01-01T00:00:00Z';
/** The first hour that runs publish while files are rewritten. */
const OPEN = '2026-02-10T00:00:00Z';
const STAGED = ['bronze', 'silver', 'gold'];
const DATASETS = ['bronze.sales', 'silver.sale', 'gold.sales_by_hour'];
const TWO_DAYS_S = 172_800;

interface ListedFile {
  readonly path: string;
  readonly date: string | null;
  readonly rows: number;
  readonly compacted: boolean;
  readonly whole: boolean;
  readonly partitions: readonly string[];
}

describe('small files that are rewritten into few', () => {
  const house = useHouse();
  let sales: HourlySales;
  /** The snapshot before an hour was corrected, and what it holds. */
  let past: { readonly snapshot: number; readonly sales: readonly Sale[] };
  const name = 'compacted';
  const day = (n: number, hour = 0): string => new Date(Date.parse(FIRST) + n * 86_400_000 + hour * 3_600_000).toISOString();
  afterEach(() => house.platform.healthy());

  const json = async <T>(...args: string[]): Promise<T> => JSON.parse((await weir([...args, '--json'], house.platform.state.home)).stdout) as T;
  const listed = async (dataset: string): Promise<ListedFile[]> => (await json<{ files: ListedFile[] }>('datasets', 'files', name, dataset)).files;
  const run = (start: string, end: string) => house.platform.run(name, { start, end });
  const newest = async (): Promise<number> => Math.max(...(await house.platform.clients.catalog.listDatasets({ pipeline: name })).datasets.map(({ snapshot }) => snapshot));

  beforeAll(async () => {
    sales = new HourlySales(house.scratch, name);
    sales.write(FIRST, DAYS * 24, EACH);
    expect(await weir(['apply', sales.folder], house.platform.state.home)).toMatchObject({ code: 0, stderr: '' });
    await run(day(0), day(DAYS));
    past = { snapshot: await newest(), sales: sales.sales(OPEN.slice(0, 13)) };
    for (const [n, hour] of [[0, 3], [0, 4], [0, 23], [7, 0], [39, 23]] as const) {
      sales.write(day(n, hour), 1, EACH + 1, 5);
      await run(day(n, hour), day(n, hour + 1));
    }
  });

  /** The sales of the hours before OPEN in a snapshot (0: the newest), read by an engine of the reader's own. */
  async function inCatalog(snapshot: number): Promise<Sale[]> {
    const segments: LiveSegment[] = [];
    for await (const page of house.platform.clients.catalog.getSnapshot({ pipeline: name, snapshot, datasets: ['silver.sale'] })) segments.push(...page.segments);
    const absolute = (path: string): string => join(house.platform.state.lake, path);
    const branches = segments.map(({ path, partitions, whole }) => `select id, sold_at, amount from read_parquet('${absolute(path)}', hive_partitioning = false) ${whole ? '' : `where _weir_partition in (${partitions.map((one) => `'${one}'`).join()})`}`);
    const staging = await tempDir();
    try {
      const select = `select id, replace(left(sold_at::varchar, 19), ' ', 'T') as at, (amount * 100)::integer as cents from (${branches.join(' union all ')}) where sold_at < timestamp '${OPEN.slice(0, 19)}' order by id`;
      return await withEngine({ inputs: segments.map(({ path }) => absolute(path)), staging: staging.path, memoryLimit: '256MB', threads: 1 }, (engine) => engine.rows<Sale>(select));
    } finally {
      await staging.dispose();
    }
  }

  async function inDestination(): Promise<Sale[]> {
    const { rows } = await house.platform.warehouse.query<Sale>(`select id::int, to_char(sold_at, 'YYYY-MM-DD"T"HH24:MI:SS') as at, (amount * 100)::int as cents from "${name}".sale where sold_at < '${OPEN.slice(0, 19)}' order by id`);
    return rows;
  }

  /** Files of the pipeline in the lake that models and quality wrote, below its root. */
  function onDisk(): string[] {
    return STAGED.flatMap((zone) => {
      const folder = join(house.platform.state.lake, zone, name);
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true }).filter((entry) => entry.isFile());
      return files.map((entry) => join(entry.parentPath, entry.name).slice(house.platform.state.lake.length + 1));
    }).sort();
  }

  test('readers see the same sales throughout, while runs publish and the service is killed in the middle', async () => {
    const expected = sales.sales(OPEN.slice(0, 13));
    expect(await json('datasets', 'compact', name, '--dry-run')).toMatchObject({ dryRun: true, entries: [{ datasets: DATASETS.toSorted((one, other) => (one < other ? -1 : 1)).map((dataset) => expect.objectContaining({ dataset, days: DAYS, filesBefore: 6 })) }] });
    const looks = { newest: 0, past: 0, destination: 0 };
    const done = new AbortController();
    const reader = async (look: () => Promise<void>): Promise<void> => {
      while (!done.signal.aborted) await Promise.all([look(), pause(50)]);
    };
    const readers = [
      reader(async () => void (expect(await inCatalog(0)).toEqual(expected), (looks.newest += 1))),
      reader(async () => void (expect(await inCatalog(past.snapshot)).toEqual(past.sales), (looks.past += 1))),
      reader(async () => void (expect(await inDestination()).toEqual(expected), (looks.destination += 1))),
    ];
    let published = 0;
    const writer = async (): Promise<void> => {
      for (let n = 0; n < 24 && !done.signal.aborted; n += 1) {
        sales.write(day(DAYS, n), 1, EACH);
        await run(day(DAYS, n), day(DAYS, n + 1));
        published += 1;
      }
    };
    const works = [...readers, writer()];
    const compacted = async (): Promise<void> => {
      const compacting = weir(['datasets', 'compact', name, '--json'], house.platform.state.home);
      await until(() => existsSync(join(house.platform.state.lake, 'silver', name, 'sale', '_weir_date=2026-01-01')), { timeoutMs: 60_000, what: 'The first file of a day' });
      house.platform.kill('transform');
      expect(await compacting).toMatchObject({ code: 0 });
      expect(await json('datasets', 'compact', name)).toMatchObject({ failed: 0 });
      await until(() => published > 2 && Object.values(looks).every((times) => times > 5), { timeoutMs: 120_000, what: 'Enough looks and runs' });
    };
    try {
      await Promise.race([compacted(), Promise.all(readers)]);
    } finally {
      done.abort();
      await Promise.all(works);
    }
    expect(house.platform.restarts('transform')).toBeGreaterThan(0);
  });

  test('no row, no snapshot and no destination changes; a second time there is nothing to do', async () => {
    const [snapshot, commits] = [await newest(), await house.platform.warehouse.query(`select _weir_commit, count(*)::int from "${name}".sale group by 1 order by 1`)];
    await json('datasets', 'compact', name);
    expect(await json('datasets', 'compact', name)).toEqual({ dryRun: false, pipelines: 1, failed: 0, entries: [] });
    expect(await newest()).toBe(snapshot);
    await run(day(7, 1), day(7, 2));
    expect((await house.platform.warehouse.query(`select _weir_commit, count(*)::int from "${name}".sale group by 1 order by 1`)).rows).toEqual(commits.rows);
    expect(await inDestination()).toEqual(sales.sales(OPEN.slice(0, 13)));
  });

  test('a day is one file in a folder that says which; what is left over goes, and another reader of Parquet finds the same rows', async () => {
    await json('datasets', 'compact', name);
    for (const path of onDisk()) utimesSync(join(house.platform.state.lake, path), Date.now() / 1_000 - TWO_DAYS_S, Date.now() / 1_000 - TWO_DAYS_S);
    const before = onDisk();
    expect(await weir(['datasets', 'gc', name, '--grace', '0'], house.platform.state.home)).toMatchObject({ code: 0 });
    const files = await Promise.all(DATASETS.map(listed));
    expect(onDisk()).toEqual(files.flat().map(({ path }) => path).sort());
    // Nobody names what the service had written when it was killed.
    const ofFirstDay = (paths: readonly string[]): number => paths.filter((path) => path.startsWith(`silver/${name}/sale/_weir_date=2026-01-01/`)).length;
    expect([ofFirstDay(before) > 1, ofFirstDay(onDisk())]).toEqual([true, 1]);

    const [ofBronze = [], ofSales = []] = files;
    const dates = Array.from({ length: DAYS }, (_, n) => day(n).slice(0, 10));
    const shapes = (of: readonly ListedFile[]) => of.filter(({ date }) => date !== null && dates.includes(date)).map(({ path, date, compacted, whole, partitions }) => [path.split('/').slice(0, -1).join('/'), date, compacted, whole, partitions.length]);
    expect(shapes(ofBronze)).toEqual(dates.map((date) => [`bronze/${name}/sales/date=${date}`, date, true, true, 24]));
    expect(shapes(ofSales)).toEqual(dates.map((date) => [`silver/${name}/sale/_weir_date=${date}`, date, true, true, 24]));
    const read = await command(process.execPath, [join(ROOT, 'tools/e2e/bin/read-hive.mjs'), house.platform.state.lake, ...ofSales.map(({ path }) => path)], process.env);
    expect(read.stderr).toBe('');
    const rows = read.stdout.trim().split('\n').map((line) => JSON.parse(line) as { id: number; sold_at: string; amount: number; date: string; _weir_date: string });
    const found = rows.map(({ id, sold_at: at, amount }) => ({ id, at: at.slice(0, 19), cents: Math.round(amount * 100) })).sort((one, other) => one.id - other.id);
    expect(found).toEqual(sales.sales('9999'));
    expect(rows.filter(({ sold_at: at, date, _weir_date: place }) => place !== at.slice(0, 10) || date.slice(0, 10) !== place)).toEqual([]);
    expect(await inDestination()).toEqual(sales.sales(OPEN.slice(0, 13)));
  });
});
