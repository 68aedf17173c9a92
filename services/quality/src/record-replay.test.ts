import { replayRows } from './replay-rows';
import { recordReplay } from './record-replay';
import { HEADER, line, retail, Workbench } from './testing/workbench';

const signal = new AbortController().signal;

describe('the audit of a replay', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await Workbench.open();
    bench.catalog.definitions.set('retail', retail());
  });
  afterAll(() => bench.close());

  const REQUEST = { pipeline: 'retail', workflowId: 'replay/retail', executionId: 'execution', reason: 'mended', by: 'ada', runs: 0, runIds: [] as string[] };
  const FILTER = { runId: '', rule: 'type:quantity', partition: '', rows: [], before: '' };
  const audit = async () => (await bench.database.pool.query('select asked_by, reason, filter, contract_version, open_before, open_after, changed, runs, run_ids, status from quality.quarantine_action')).rows as object[];

  it('counts what its runs took once, however often it is told, and keeps its first end', async () => {
    const raw = await bench.stageRaw('first', [{ name: 'a.csv', content: `${HEADER}\n${line('1', { 5: '-1' })}\n${line('2', { 3: 'x' })}\n${line('3', { 5: '-1' })}\n` }]);
    await bench.validateRaw('first', raw);
    await replayRows(bench.dependencies, { runId: 'first', extracted: true });
    expect(await recordReplay(bench.dependencies, { ...REQUEST, filter: FILTER, status: 'running' }, signal)).toEqual({ action: 1, openBefore: 3, openAfter: 3, replayed: 0, contractVersion: '1.0.0' });
    const [orders] = retail().contract.datasets;
    if (!orders) throw new Error('The contract has no dataset.');
    bench.definition = { ...retail(), contract: { id: 'retail', version: '2.0.0', datasets: [{ ...orders, rules: [] }] } };
    await bench.validateRaw('second', raw);
    await replayRows(bench.dependencies, { runId: 'second', extracted: false });
    const told = { ...REQUEST, filter: FILTER, status: 'running', runs: 2, runIds: ['second', 'other'] };
    for (let times = 0; times < 2; times++) expect(await recordReplay(bench.dependencies, told, signal)).toMatchObject({ replayed: 2 });
    for (const status of ['done', 'failed']) expect(await recordReplay(bench.dependencies, { ...told, runIds: [], status }, signal)).toEqual({ action: 1, openBefore: 3, openAfter: 1, replayed: 2, contractVersion: '1.0.0' });
    expect(await audit()).toEqual([{ asked_by: 'ada', reason: 'mended', filter: FILTER, contract_version: '1.0.0', open_before: '3', open_after: '1', changed: '2', runs: '2', run_ids: ['other', 'second'], status: 'done' }]);
    const { rows } = await bench.database.pool.query('select distinct changed_by, action_id from quality.quarantine_event');
    expect(rows).toEqual([{ changed_by: 'ada', action_id: '1' }]);
  });

  it('refuses a state that is none, a text without end and a pipeline that is not there', async () => {
    await expect(recordReplay(bench.dependencies, { ...REQUEST, status: 'lost' }, signal)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(recordReplay(bench.dependencies, { ...REQUEST, status: 'running', reason: 'x'.repeat(1_001) }, signal)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(recordReplay(bench.dependencies, { ...REQUEST, status: 'running', runIds: Array.from({ length: 1_001 }, String) }, signal)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(recordReplay(bench.dependencies, { ...REQUEST, pipeline: 'none', status: 'running' }, signal)).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
  });
});
