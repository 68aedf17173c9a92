import { WeirError } from '@weir/core';
import { RuleOutcome, Severity, type FinishRunRequest, type LoadRequest } from '@weir/rpc';
import { failureOf, startRig, type Rig } from '../testing/rig';

const INPUT = { interval: { start: '2010-12-01', end: '2010-12-02' } };

describe('delivering a published run', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => rig.far.reset());

  it('loads the other destinations when one fails, and ends as DELIVERY_FAILED with its code', async () => {
    rig.far.script = {
      beginRun: () => Promise.resolve({ destinations: 3 }),
      load: ({ destination }) => (destination === 1 ? Promise.reject(new WeirError({ code: 'DESTINATION_INCOMPATIBLE', message: 'lines has other columns' })) : Promise.resolve(undefined)),
    };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    await expect(failureOf(handle)).resolves.toMatchObject({ type: 'DESTINATION_INCOMPATIBLE' });
    expect(rig.far.requests<LoadRequest>('load').map(({ destination }) => destination).toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
    expect(rig.far.requests<FinishRunRequest>('finishRun')).toMatchObject([{ status: 'RUN_STATUS_DELIVERY_FAILED', error: { code: 'DESTINATION_INCOMPATIBLE', stage: 'load' } }]);
  });

  it('gives every attempt of every destination a number of its own', async () => {
    rig.far.script = {
      beginRun: () => Promise.resolve({ destinations: 2 }),
      load: ({ destination }, { number }) => (destination === 0 && number < 2 ? Promise.reject(new WeirError({ code: 'INTERNAL', message: 'once' })) : Promise.resolve(undefined)),
    };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    await handle.result();
    const records = rig.far.recordsOf((await handle.describe()).runId).filter(({ stage }) => stage === 'load');
    expect(records.map(({ attempt }) => attempt).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
  });

  it('records what tables refused by table, also where two demand the same under one name', async () => {
    const refusing = (table: string, rows: number) => ({ table, fromSnapshot: 0, toSnapshot: 1, insertedOrUpdated: 1, deleted: 0, rowsInTable: 1, commitId: 'c', milliseconds: 1, refused: rows, rules: [{ rule: 'destination:check:positive', rows, samples: [], severity: Severity.CRITICAL, outcome: RuleOutcome.QUARANTINE, table: `warehouse/${table}` }] });
    rig.far.script = { load: () => Promise.resolve({ tables: [refusing('shop.a', 1), refusing('shop.b', 2)] }) };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    await handle.result();
    const load = rig.far.recordsOf((await handle.describe()).runId).find(({ stage }) => stage === 'load');
    expect(load).toMatchObject({ rowsQuarantined: 3, rules: [{ table: 'warehouse/shop.a', rows: 1 }, { table: 'warehouse/shop.b', rows: 2 }] });
  });
});
