import { createLog } from '@weir/platform';
import { until } from '@weir/testkit';
import { createActivities } from './activities';
import { workflowBundle } from './testing/bundle';
import { hang } from './testing/far-side';
import { startRig, type Rig } from './testing/rig';
import { keepWorking } from './worker';

describe('the worker', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => rig.far.reset());

  it('hands an open stage over when it shuts down, and no retry is charged', async () => {
    rig.far.script = {
      beginRun: () => Promise.resolve({ retries: 0 }),
      extract: (_request, turn) => (turn.number === 0 ? hang(turn) : Promise.resolve(undefined)),
    };
    const handle = await rig.start({ pipeline: rig.pipeline(), interval: { start: '2010-12-01', end: '2010-12-02' } });
    await until(() => rig.far.requests('extract').length === 1, { timeoutMs: 10_000 });
    await rig.replaceWorker();
    await handle.result();
    expect(rig.far.requests('extract')).toHaveLength(2);
  });

  it('waits for a Temporal server that is not there, and stops when told', async () => {
    const log = createLog('orchestrator-test');
    log.level = 'silent';
    const stopping = new AbortController();
    const ready: boolean[] = [];
    const settings = { address: '127.0.0.1:1', namespace: 'default', taskQueue: 'none', activities: createActivities({ clients: rig.far.clients, log }), workflowBundle: await workflowBundle() };
    const working = keepWorking(settings, log, stopping.signal, (now) => ready.push(now));
    await Promise.race([working, new Promise((resolve) => setImmediate(resolve))]);
    stopping.abort();
    await working;
    expect(ready).toEqual([]);
  });
});
