import { RunStatus } from '@weir/rpc';
import { until } from '@weir/testkit';
import { weir, type CommandEnd } from './command-line';
import { useHouse } from './house';
import { applyItems, itemPipeline, writeContract, writeDay, type ItemPipeline } from './item-pipeline';

interface ReplayEnd {
  readonly replayed: number;
  readonly openBefore: number;
  readonly openAfter: number;
  readonly grains: number;
  readonly succeeded: number;
  readonly runs: number;
}

describe('rows in quarantine', () => {
  const house = useHouse();
  const command = (...args: string[]): Promise<CommandEnd> => weir(['quarantine', ...args], house.platform.state.home);

  /** `id seq amount` of the table, sorted. */
  async function items({ name }: ItemPipeline): Promise<string[]> {
    const { rows } = await house.platform.warehouse.query<{ line: string }>(`select concat_ws(' ', id, seq, amount) as line from ${name}.item`);
    return rows.map(({ line }) => line).sort();
  }

  async function totals({ name }: ItemPipeline): Promise<string[]> {
    const { rows } = await house.platform.warehouse.query<{ line: string }>(`select concat_ws(' ', kind, items, amount) as line from ${name}.total`);
    return rows.map(({ line }) => line).sort();
  }

  /** `position state contract rule` of the quarantine, sorted. */
  async function states({ name }: ItemPipeline): Promise<string[]> {
    const { rows } = await house.platform.clients.quarantine.listRows({ pipeline: name, runId: '', limit: 1_000 });
    return rows.map(({ file, line, status, contractVersion, rules }) => `${file}:${line} ${status} ${contractVersion} ${rules.join()}`).sort();
  }

  const snapshots = ({ name }: ItemPipeline) => house.platform.clients.catalog.listDatasets({ pipeline: name });
  const replay = async ({ name }: ItemPipeline, input: object = {}): Promise<ReplayEnd> =>
    (await (await house.platform.temporal.workflow.start('quarantineReplay', { taskQueue: 'weir', workflowId: `replay/${name}`, args: [{ pipeline: name, ratePerMinute: 6_000, ...input }] })).result()) as ReplayEnd;

  test('land once when a corrected contract admits them, where they belong; the others stay; twice changes nothing; a rerun keeps them', async () => {
    const shop = itemPipeline(house.scratch, 'replay_items');
    writeDay(shop, '2024-03-01', [['a', 1, '5'], ['b', 1, '-5'], ['c', 1, 'x'], ['d', 1, '-1']]);
    writeDay(shop, '2024-03-02', [['b', 2, '7'], ['e', 1, '2']]);
    writeDay(shop, '2024-03-03', [['f', 1, 'y']]);
    await applyItems(shop, house.platform.state.home);
    const days = { start: '2024-03-01', end: '2024-03-04' };
    await house.platform.run(shop.name, days);
    const before = ['a 1 5.00', 'b 2 7.00', 'e 1 2.00'];
    expect(await items(shop)).toEqual(before);
    const refused = ['2024-03-01.csv:3 open 1.0.0 amount_not_negative', '2024-03-01.csv:4 open 1.0.0 type:amount', '2024-03-01.csv:5 open 1.0.0 amount_not_negative', '2024-03-03.csv:2 open 1.0.0 type:amount'];
    expect(await states(shop)).toEqual(refused);
    // The contract is as it was: nothing to do.
    expect(await replay(shop)).toMatchObject({ grains: 0, runs: 0, replayed: 0, openBefore: 4, openAfter: 4 });

    writeContract(shop, false);
    await applyItems(shop, house.platform.state.home);
    const published = await snapshots(shop);
    const dry = await command('replay', shop.name, '--dry-run', '--json');
    expect(JSON.parse(dry.stdout)).toMatchObject({ contractVersion: '1.1.0', open: 4, landing: 2, grains: [{ partition: '2024-03-01T00:00:00Z', open: 3, landing: 2 }], rules: [{ rule: 'amount_not_negative', landing: 2, staying: 0 }, { rule: 'type:amount', landing: 0, staying: 2 }] });
    expect([await states(shop), await items(shop), await snapshots(shop)]).toEqual([refused, before, published]);

    const watched = await command('replay', shop.name, '--reason', 'debts are fine', '--watch', '--json');
    expect(watched.stderr).toBe('');
    expect(JSON.parse(watched.stdout)).toMatchObject({ replayed: 2, openBefore: 4, openAfter: 2, grains: 1, succeeded: 1, runs: 1, failures: [] });
    // The older version of b has landed and lost.
    const after = ['a 1 5.00', 'b 2 7.00', 'd 1 -1.00', 'e 1 2.00'];
    const settled = ['2024-03-01.csv:3 replayed 1.0.0 amount_not_negative', '2024-03-01.csv:4 open 1.1.0 type:amount', '2024-03-01.csv:5 replayed 1.0.0 amount_not_negative', '2024-03-03.csv:2 open 1.0.0 type:amount'];
    expect(await items(shop)).toEqual(after);
    expect(await totals(shop)).toEqual(['owed 1 -1.00', 'owned 3 14.00']);
    expect(await states(shop)).toEqual(settled);
    const { runs } = await house.platform.clients.runs.listRuns({ pipeline: shop.name, limit: 100, status: RunStatus.UNSPECIFIED, backfill: `replay/${shop.name}` });
    expect(runs.map(({ kind }) => kind)).toEqual(['RUN_KIND_REPLAY', 'RUN_KIND_REPLAY']);
    expect(runs.map(({ accounts }) => accounts?.read).filter((read) => read !== undefined)).toEqual([4]);
    expect(runs.find(({ accounts }) => accounts?.read === 4)?.accounts).toMatchObject({ read: 4, admitted: 3, duplicate: 0, quarantined: 1, filtered: 0 });

    const known = await snapshots(shop);
    expect(await replay(shop)).toMatchObject({ grains: 0, runs: 0, replayed: 0, openBefore: 2, openAfter: 2 });
    expect([await states(shop), await items(shop), await snapshots(shop)]).toEqual([settled, after, known]);

    await house.platform.run(shop.name, days);
    expect(await items(shop)).toEqual(after);
    expect((await states(shop)).map((state) => state.split(' ').slice(0, 2).join(' '))).toEqual(settled.map((state) => state.split(' ').slice(0, 2).join(' ')));
  });

  test('are looked at, and dropped with a reason and never without', async () => {
    const shop = itemPipeline(house.scratch, 'drop_items');
    writeDay(shop, '2024-03-01', [['a', 1, '5'], ['b', 1, '-5'], ['c', 1, 'x']]);
    await applyItems(shop, house.platform.state.home);
    await house.platform.run(shop.name, { start: '2024-03-01', end: '2024-03-02' });
    const list = await command('list', shop.name, '--rule', 'type:amount', '--json');
    const { rows, summary } = JSON.parse(list.stdout) as { rows: { id: number }[]; summary: object };
    expect(summary).toEqual({ rows: 1, rules: [{ rule: 'type:amount', rows: 1 }] });
    const [id] = rows.map((row) => String(row.id));
    expect((await command('show', id ?? '')).stdout).toMatch(/2024-03-01\.csv:4 +open[^]*type:amount[^]*original, 5 bytes\n {2}c,1,x\n/);
    expect(await command('drop', shop.name, '--reason', 'old')).toMatchObject({ code: 2, stderr: expect.stringContaining('MISSING_KEY') as unknown });
    expect(await command('drop', shop.name, '--row', id ?? '')).toMatchObject({ code: 2 });
    expect(await command('show', '999999999')).toMatchObject({ code: 2, stderr: expect.stringContaining('ROW_NOT_FOUND') as unknown });
    expect(await command('list', 'nothing')).toMatchObject({ code: 2, stderr: expect.stringContaining('PIPELINE_NOT_FOUND') as unknown });
    expect(JSON.parse((await command('drop', shop.name, '--row', id ?? '', '--reason', 'a typing error', '--json')).stdout)).toMatchObject({ dropped: 1, openBefore: 2, openAfter: 1 });
    expect((await command('show', id ?? '')).stdout).toMatch(/dropped[^]*was removed when the row was dropped[^]*a typing error/);
    expect(await states(shop)).toEqual(['2024-03-01.csv:3 open 1.0.0 amount_not_negative', '2024-03-01.csv:4 dropped 1.0.0 type:amount']);
  });

  test('land once, and all of them, when quality is killed while they are replayed', async () => {
    const shop = itemPipeline(house.scratch, 'killed_replay');
    const dates = Array.from({ length: 10 }, (_, n) => `2024-04-${String(n + 1).padStart(2, '0')}`);
    for (const [n, day] of dates.entries()) writeDay(shop, day, [[`good${n}`, 1, '1'], [`owed${n}`, 1, '-1'], [`bad${n}`, 1, 'x']]);
    await applyItems(shop, house.platform.state.home);
    await house.platform.run(shop.name, { start: '2024-04-01', end: '2024-04-11' });
    writeContract(shop, false);
    await applyItems(shop, house.platform.state.home);
    const handle = await house.platform.temporal.workflow.start('quarantineReplay', { taskQueue: 'weir', workflowId: `replay/${shop.name}`, args: [{ pipeline: shop.name, ratePerMinute: 6_000 }] });
    await until(async () => (await handle.query<{ succeeded: number }>('progress')).succeeded > 0, { timeoutMs: 60_000, what: 'A grain that was replayed' });
    const before = house.platform.restarts('quality');
    house.platform.kill('quality');
    expect(await handle.result()).toMatchObject({ replayed: 10, openBefore: 20, openAfter: 10, grains: 10, succeeded: 10, failures: [] });
    expect(house.platform.restarts('quality')).toBe(before + 1);
    expect(await items(shop)).toEqual(dates.flatMap((_, n) => [`good${n} 1 1.00`, `owed${n} 1 -1.00`]).sort());
    expect(await totals(shop)).toEqual(['owed 10 -10.00', 'owned 10 10.00']);
    expect((await states(shop)).map((state) => state.split(' ')[1])).toEqual(dates.flatMap(() => ['replayed', 'open']));
    await house.platform.healthy();
  });
});
