import { readState } from '@weir/servers';
import { command } from './command-line';
import { useHouse } from './house';
import { applyItems, itemPipeline, writeContract, writeDay } from './item-pipeline';
import { retailTruth } from './oracle';
import { expectSameTables, retailTables } from './tables';

/** The `temporal` program that the platform uses: its path, or the image that holds it. */
function temporalProgram(home: string): { program: string; before: string[] } {
  const origin = readState(home)?.platform?.origins['temporal'] ?? 'temporal';
  const image = /^docker (.+)$/.exec(origin)?.[1];
  return image ? { program: 'docker', before: ['run', '--rm', '--network', 'host', image] } : { program: origin, before: [] };
}

describe('the Temporal command line alone', () => {
  const house = useHouse();

  test('replays quarantined rows, and names what is wrong with its input', async () => {
    const shop = itemPipeline(house.scratch, 'replay_by_hand');
    writeDay(shop, '2024-03-01', [['a', 1, '5'], ['b', 1, '-5']]);
    await applyItems(shop, house.platform.state.home);
    await house.platform.run(shop.name, { start: '2024-03-01', end: '2024-03-02' });
    writeContract(shop, false);
    await applyItems(shop, house.platform.state.home);
    const { program, before } = temporalProgram(house.platform.state.home);
    const replay = (input: object): ReturnType<typeof command> =>
      command(program, [...before, 'workflow', 'execute', '--task-queue', 'weir', '--type', 'quarantineReplay', '--workflow-id', `replay/${shop.name}`, '--input', JSON.stringify(input), '--output', 'json', '--address', house.platform.state.temporal], process.env);
    const wrong = await replay({ pipeline: shop.name, rate: 7 });
    expect(wrong.code).not.toBe(0);
    expect(wrong.stdout + wrong.stderr).toContain('UNKNOWN_KEY');
    const right = await replay({ pipeline: shop.name, rule: 'amount_not_negative', reason: 'debts are fine', by: 'ada' });
    expect(right).toMatchObject({ code: 0, stdout: expect.stringMatching(/"replayed": *1\b/) as unknown });
    const { rows } = await house.platform.warehouse.query<{ id: string }>(`select id from ${shop.name}.item order by id`);
    expect(rows.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('starts a run, whose search attributes then find it', async () => {
    const retail = await house.retail('retail_by_hand', { from: '2021-08-02', days: 1, rowsPerDay: 500, seed: 71 });
    const { program, before } = temporalProgram(house.platform.state.home);
    const temporal = (...args: string[]): ReturnType<typeof command> => command(program, [...before, ...args, '--address', house.platform.state.temporal], process.env);

    const workflowId = `run/${retail.name}/2021-08-02_2021-08-03`;
    const input = `{"pipeline":"${retail.name}","interval":{"start":"2021-08-02","end":"2021-08-03"}}`;
    const started = await temporal('workflow', 'start', '--task-queue', 'weir', '--type', 'pipelineRun', '--workflow-id', workflowId, '--input', input);
    expect(started).toMatchObject({ code: 0 });
    await house.platform.temporal.workflow.getHandle(workflowId).result();
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), retailTruth(retail.data).tables);

    const description = await house.platform.temporal.workflow.getHandle(workflowId).describe();
    expect(description.searchAttributes).toMatchObject({ WeirPipeline: [retail.name], WeirInterval: ['2021-08-02/2021-08-03'], WeirRunKind: ['manual'] });
    expect(description.searchAttributes).toHaveProperty('WeirVerdict');
    expect(description.searchAttributes).toHaveProperty('WeirStage');
  });
});
