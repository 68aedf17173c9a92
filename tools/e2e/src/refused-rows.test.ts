import { weir, type CommandEnd } from './command-line';
import { useHouse } from './house';
import { applyItems, itemPipeline, writeContract, writeDay, type ItemPipeline } from './item-pipeline';

describe('rows that a table of the warehouse refuses', () => {
  const house = useHouse();
  const command = (...args: string[]): Promise<CommandEnd> => weir(['quarantine', ...args], house.platform.state.home);

  /** `id amount` of the table, sorted. */
  async function items({ name }: ItemPipeline): Promise<string[]> {
    const { rows } = await house.platform.warehouse.query<{ line: string }>(`select concat_ws(' ', id, amount) as line from ${name}.item`);
    return rows.map(({ line }) => line).sort();
  }

  async function states({ name }: ItemPipeline): Promise<string[]> {
    const { rows } = await house.platform.clients.quarantine.listRows({ pipeline: name, runId: '', limit: 1_000 });
    return rows.map(({ file, line, status, stage, partition, rules }) => `${stage} ${file}:${line} ${partition.slice(0, 10)} ${status} ${rules.join()}`).sort();
  }

  test('are set aside and counted, the rest is loaded and the run succeeds; they land when the constraint is gone; twice changes nothing', async () => {
    const shop = itemPipeline(house.scratch, 'refused_items');
    writeContract(shop, false);
    writeDay(shop, '2024-03-01', [['a', 1, '5']]);
    writeDay(shop, '2024-03-02', [['b', 1, '7'], ['c', 1, '-3'], ['d', 1, '-4'], ['e', 1, '8']]);
    await applyItems(shop, house.platform.state.home);
    await house.platform.run(shop.name, { start: '2024-03-01', end: '2024-03-02' });
    await house.platform.warehouse.query(`alter table ${shop.name}.item add constraint nobody_owes check (amount >= 0)`);

    const { runId, accounts } = await house.platform.run(shop.name, { start: '2024-03-02', end: '2024-03-03' });
    expect(accounts).toEqual({ read: 4, admitted: 4, duplicate: 0, quarantined: 0, filtered: 0 });
    expect(await items(shop)).toEqual(['a 5.00', 'b 7.00', 'e 8.00']);
    const { run, stages } = await house.platform.clients.runs.getRun({ run: runId });
    expect(run?.status).toBe('RUN_STATUS_SUCCEEDED');
    const load = stages.find(({ stage, details }) => stage === 'load' && details.some(({ name }) => name.endsWith('.item')));
    // read = loaded + quarantined: of four rows in the table's load two are loaded.
    expect(load).toMatchObject({ rowsQuarantined: 2, rules: [{ rule: 'destination:check:nobody_owes', rows: 2, outcome: 'RULE_OUTCOME_QUARANTINE' }] });
    expect(load?.details.find(({ name }) => name.endsWith('.item'))).toMatchObject({ rowsIn: 4, rowsOut: 3 });
    const refused = ['load 2024-03-02.csv:3 2024-03-02 open destination:check:nobody_owes', 'load 2024-03-02.csv:4 2024-03-02 open destination:check:nobody_owes'];
    expect(await states(shop)).toEqual(refused);
    const shown = await weir(['runs', 'show', runId], house.platform.state.home);
    expect(shown.stdout).toMatch(/^ *load .* 2 /m);
    expect(shown.stdout).toMatch(/warehouse\/refused_items\.item +destination:check:nobody_owes +2 +in quarantine/);
    const list = JSON.parse((await command('list', shop.name, '--json')).stdout) as { rows: { id: number }[] };
    expect((await command('show', String(list.rows.at(-1)?.id))).stdout).toMatch(/stage +load\n +table +warehouse\/refused_items\.item[^]*breaks the check constraint \(nobody_owes\)[^]*"amount": -3\.00/);

    // Still refused: the replay changes nothing.
    const first = await command('replay', shop.name, '--reason', 'try', '--watch', '--json');
    expect(JSON.parse(first.stdout)).toMatchObject({ replayed: 0, openBefore: 2, openAfter: 2, grains: 1, succeeded: 1 });
    expect([await states(shop), await items(shop)]).toEqual([refused, ['a 5.00', 'b 7.00', 'e 8.00']]);

    await house.platform.warehouse.query(`alter table ${shop.name}.item drop constraint nobody_owes`);
    const second = await command('replay', shop.name, '--reason', 'debts are fine', '--watch', '--json');
    expect(JSON.parse(second.stdout)).toMatchObject({ replayed: 2, openBefore: 2, openAfter: 0, grains: 1, succeeded: 1, failures: [] });
    const all = ['a 5.00', 'b 7.00', 'c -3.00', 'd -4.00', 'e 8.00'];
    expect(await items(shop)).toEqual(all);
    expect(await states(shop)).toEqual(refused.map((state) => state.replace(' open ', ' replayed ')));
    const again = await command('replay', shop.name, '--reason', 'once more', '--watch', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ grains: 0, runs: 0, replayed: 0, openAfter: 0 });
    expect(await items(shop)).toEqual(all);
  });

  test('one that is dropped stays dropped', async () => {
    const shop = itemPipeline(house.scratch, 'dropped_refusals');
    writeContract(shop, false);
    writeDay(shop, '2024-03-01', [['a', 1, '5']]);
    writeDay(shop, '2024-03-02', [['b', 1, '-7']]);
    await applyItems(shop, house.platform.state.home);
    await house.platform.run(shop.name, { start: '2024-03-01', end: '2024-03-02' });
    await house.platform.warehouse.query(`alter table ${shop.name}.item add constraint nobody_owes check (amount >= 0)`);
    await house.platform.run(shop.name, { start: '2024-03-02', end: '2024-03-03' });
    expect(JSON.parse((await command('drop', shop.name, '--rule', 'destination:check:nobody_owes', '--reason', 'wrong', '--json')).stdout)).toMatchObject({ dropped: 1, openAfter: 0 });
    await house.platform.run(shop.name, { start: '2024-03-02', end: '2024-03-03' });
    expect(await states(shop)).toEqual(['load 2024-03-02.csv:2 2024-03-02 dropped destination:check:nobody_owes']);
    expect(await items(shop)).toEqual(['a 5.00']);
  });
});
