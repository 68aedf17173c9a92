import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateRetail } from '@weir/generate';
import { removeHome } from '@weir/servers';
import { testBucket, until, type TestBucket } from '@weir/testkit';
import { weir, type CommandEnd } from './command-line';
import { useHouse, type House } from './house';
import { applyItems, itemPipeline, writeContract, writeDay } from './item-pipeline';
import { retailTruth } from './oracle';
import type { RunEnd } from './platform';
import { apply, retailPipeline } from './retail-pipeline';
import { expectSameTables, retailTables } from './tables';

const PREFIX = 'lakes/e2e';

/** What nobody names, of a pipeline that has not begun. */
const GARBAGE = 'bucket_garbage';
const ORPHANS = [`raw/${GARBAGE}/orders/ab/${'ab'.repeat(32)}.csv`, `silver/${GARBAGE}/lines/nobody/a1-0.parquet`];

/** A platform of these tests alone, whose lake is in a bucket. */
interface BucketHouse {
  readonly house: House;
  readonly bucket: TestBucket;
  /** Paths of the lake's files that begin with `below`. */
  keys(below: string): Promise<string[]>;
}

function useBucketHouse(): BucketHouse {
  let bucket: TestBucket | undefined;
  const shared = process.env['WEIR_E2E_HOME'];
  const home = mkdtempSync(join(tmpdir(), 'weir-e2e-bucket-'));
  const opened = (): TestBucket => {
    if (!bucket) throw new Error('The bucket is there from the first test on.');
    return bucket;
  };
  beforeAll(async () => {
    bucket = await testBucket();
    const { host, port, accessKeyId, secretAccessKey } = bucket.server;
    const login = { WEIR_LAKE_S3_HOST: host, WEIR_LAKE_S3_PORT: String(port), WEIR_LAKE_S3_TLS: 'off', WEIR_LAKE_S3_ACCESS_KEY_ID: accessKeyId, WEIR_LAKE_S3_SECRET_ACCESS_KEY: secretAccessKey };
    const { code, stderr } = await weir(['up', '--detach'], home, { WEIR_LAKE: `s3://${bucket.name}/${PREFIX}`, ...login });
    if (code !== 0) throw new Error(`The platform did not start (exit code ${code}):\n${stderr}`);
    process.env['WEIR_E2E_HOME'] = home;
  });
  const house = useHouse();
  afterAll(async () => {
    process.env['WEIR_E2E_HOME'] = shared;
    await weir(['down'], home);
    bucket?.close();
    removeHome(home);
  });
  return {
    house,
    get bucket() {
      return opened();
    },
    keys: async (below) => (await opened().keys(`${PREFIX}/${below}`)).map((key) => key.slice(PREFIX.length + 1)),
  };
}

describe('a lake in a bucket', () => {
  const lake = useBucketHouse();
  const { house } = lake;
  /** Of the orphans, milliseconds since 1970: they become old while the tests before theirs run. */
  let written = 0;
  beforeAll(async () => {
    await lake.bucket.put(Object.fromEntries(ORPHANS.map((path) => [`${PREFIX}/${path}`, 'left'])));
    written = Date.now();
  });
  const command = (...args: string[]): Promise<CommandEnd> => weir(args, house.platform.state.home);

  it.each([
    ['quality', 'validate'],
    ['transform', 'transform'],
    ['load', 'load'],
  ])('gives the tables of the oracle, also when %s is killed during %s, and nothing of it lies in a folder', async (service, stage) => {
    const days = { start: '2022-01-02', end: '2022-02-01' };
    const data = join(house.scratch, `data-${service}`);
    await generateRetail(data, { from: days.start, days: 30, rowsPerDay: 3_000, seed: 37 });
    const retail = retailPipeline(house.scratch, `bucket_killed_${service}`, data);
    await apply(retail, house.platform.state.home);
    const run = await house.platform.start(retail.name, days);
    const runs = async (): Promise<boolean> => {
      const { stages } = await run.query<{ readonly stages: readonly { readonly stage: string; readonly state: string }[] }>('progress');
      return stages.some((one) => one.stage === stage && one.state === 'running');
    };
    await until(runs, { timeoutMs: 60_000, what: `A run in ${stage}` });
    const before = house.platform.restarts(service);
    house.platform.kill(service);
    const end = (await run.result()) as RunEnd;
    const truth = retailTruth(data);
    expect(end.accounts).toEqual({ ...truth.accounts, filtered: 0 });
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), truth.tables);
    expect(await lake.keys(`raw/${retail.name}/`)).toHaveLength(readdirSync(data).length);
    expect(existsSync(join(house.platform.state.home, 'lake'))).toBe(false);
    await house.platform.healthy();
    expect(house.platform.restarts(service)).toBe(before + 1);
  });

  test('previews a model, shows and replays rows of the quarantine', async () => {
    const shop = itemPipeline(house.scratch, 'bucket_items');
    // Larger than what a row of the quarantine has with it.
    const large = 'x'.repeat(100_000);
    writeDay(shop, '2024-03-01', [['a', 1, '5'], ['b', 1, '-5'], ['c', 1, large]]);
    await applyItems(shop, house.platform.state.home);
    await house.platform.run(shop.name, { start: '2024-03-01', end: '2024-03-02' });
    const previewed = await command('preview', 'silver.item', '--pipeline', shop.name, '--json');
    expect(JSON.parse(previewed.stdout)).toMatchObject({ rows: [{ id: 'a', seq: '1', amount: '5.00' }], more: false });
    const { rows } = await house.platform.clients.quarantine.listRows({ pipeline: shop.name, runId: '', limit: 10 });
    const refused = rows.find(({ rules }) => rules.includes('type:amount'));
    const { original } = await house.platform.clients.quarantine.getRow({ id: refused?.id ?? 0, limit: 200_000 });
    expect(Buffer.from(original ?? []).toString()).toBe(`c,1,${large}`);
    expect(await lake.keys(`quarantine/${shop.name}/`)).toHaveLength(1);

    writeContract(shop, false);
    await applyItems(shop, house.platform.state.home);
    const replayed = await command('quarantine', 'replay', shop.name, '--watch', '--json');
    expect(JSON.parse(replayed.stdout)).toMatchObject({ replayed: 1, openBefore: 2, openAfter: 1 });
    expect(JSON.parse((await command('preview', 'silver.item', '--pipeline', shop.name, '--json')).stdout)).toMatchObject({ rows: [{ id: 'a' }, { id: 'b' }] });
    const dropped = await command('quarantine', 'drop', shop.name, '--all', '--reason', 'nothing to be had of it', '--json');
    expect([dropped.code, await lake.keys(`quarantine/${shop.name}/`)]).toEqual([0, []]);
  });

  test('has its orphans collected: what a run left that died, and what nothing names any more; all that is published stays', async () => {
    const retail = await house.retail(GARBAGE, { from: '2022-03-01', days: 2, rowsPerDay: 200, seed: 5 });
    const days = { start: '2022-03-01', end: '2022-03-03' };
    await house.platform.run(retail.name, days);
    const published = (await lake.keys(`silver/${retail.name}/`)).filter((path) => !ORPHANS.includes(path));
    expect(published).not.toEqual([]);
    await until(() => Date.now() > written + 12_000, { timeoutMs: 20_000, what: 'Orphans older than clocks may differ' });
    expect(await lake.keys(`silver/${retail.name}/lines/nobody/`)).toEqual(ORPHANS.slice(1));
    const collected = await command('datasets', 'gc', retail.name, '--grace', '0', '--json');
    expect(collected.code).toBe(0);
    const left = new Set([...(await lake.keys(`raw/${retail.name}/`)), ...(await lake.keys(`silver/${retail.name}/`))]);
    expect(ORPHANS.filter((path) => left.has(path))).toEqual([]);
    expect(published.filter((path) => !left.has(path))).toEqual([]);
    // The same bytes from the source, and from raw: what is there is wanted again.
    await house.platform.run(retail.name, days);
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), retailTruth(retail.data).tables);
  });

  test('has its small files rewritten into one for each day, for the same rows', async () => {
    const retail = await house.retail('bucket_compacted', { from: '2022-04-04', days: 3, rowsPerDay: 200, seed: 11 });
    await house.platform.run(retail.name, { start: '2022-04-04', end: '2022-04-07' });
    expect(await command('datasets', 'compact', retail.name)).toMatchObject({ code: 0 });
    const listed = JSON.parse((await command('datasets', 'files', retail.name, 'silver.lines', '--json')).stdout) as { readonly files: readonly { readonly path: string; readonly date: string; readonly whole: boolean }[] };
    expect(listed.files.map(({ path, date, whole }) => [path.split('/').slice(0, -1).join('/'), date, whole])).toEqual(['2022-04-04', '2022-04-05', '2022-04-06'].map((date) => [`silver/${retail.name}/lines/date=${date}`, date, true]));
    expect(await lake.keys(`silver/${retail.name}/lines/date=`)).toEqual(listed.files.map(({ path }) => path));
    // A day once more: what is compared with it lies in the new files.
    await house.platform.run(retail.name, { start: '2022-04-05', end: '2022-04-06' });
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), retailTruth(retail.data).tables);
  });
});
