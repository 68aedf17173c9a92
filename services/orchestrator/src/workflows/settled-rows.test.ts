import { WeirError } from '@weir/core';
import type { ReplayRowsRequest } from '@weir/rpc';
import { startRig, type Rig } from '../testing/rig';

const DAY = { start: '2010-12-01', end: '2010-12-02' };

describe('quarantined rows that a run has taken', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig?.stop());
  beforeEach(() => rig.far.reset());

  const told = () => rig.far.requests<ReplayRowsRequest>('replayRows').map(({ extracted }) => extracted);
  /** How a run ended, and its last rpcs. */
  async function run(input: object): Promise<string> {
    const handle = await rig.start({ pipeline: rig.pipeline(), ...input });
    return handle.result().then(
      () => 'succeeded',
      () => 'failed',
    );
  }

  it('are told of when it has published, and whether it read its source anew', async () => {
    expect(await run({ interval: DAY })).toBe('succeeded');
    expect(told()).toEqual([true]);
    rig.far.script = { beginRun: () => Promise.resolve({ raw: { manifest: 'm', sha256: 's', rows: 1, bytes: 1 } }) };
    expect(await run({ interval: DAY, from: 'raw', retryOf: 'another' })).toBe('succeeded');
    expect(told()).toEqual([true, false]);
    const names = rig.far.calls.map(({ rpc }) => rpc);
    expect(names.indexOf('replayRows')).toBeGreaterThan(names.indexOf('finishRun'));
  });

  it('are not told of by runs that published nothing, that deliver, and that extend the archive of a stream', async () => {
    rig.far.script = { validate: () => Promise.reject(new WeirError({ code: 'HEADER_MISMATCH', message: 'scripted' })) };
    expect(await run({ interval: DAY })).toBe('failed');
    rig.far.script = {};
    expect(await run({ from: 'delivery' })).toBe('succeeded');
    rig.far.script = { beginRun: () => Promise.resolve({ topic: 'clicks', rawOnly: true }) };
    expect(await run({ interval: DAY, ranges: [[0, 0, 5, 0, 1]] })).toBe('succeeded');
    expect(told()).toEqual([]);
  });

  it('are told of when a batch table could not be reached, and not when that of a stream could not', async () => {
    const load = () => Promise.reject(new WeirError({ code: 'DESTINATION_INCOMPATIBLE', message: 'scripted' }));
    rig.far.script = { load };
    expect(await run({ interval: DAY })).toBe('failed');
    expect(told()).toEqual([true]);
    rig.far.script = { load, beginRun: () => Promise.resolve({ topic: 'clicks', raw: { manifest: 'm', sha256: 's', rows: 1, bytes: 1 } }) };
    expect(await run({ interval: DAY, from: 'raw' })).toBe('failed');
    expect(told()).toEqual([true]);
  });

  it('are told of until quality is there; what only a person can mend does not spoil the run', async () => {
    rig.far.script = {
      replayRows: (_request, { number }) => (number === 0 ? Promise.reject(new WeirError({ code: 'UNAVAILABLE', message: 'scripted' })) : Promise.reject(new WeirError({ code: 'SEGMENT_CORRUPT', message: 'scripted' }))),
    };
    expect(await run({ interval: DAY })).toBe('succeeded');
    expect(told()).toEqual([true, true]);
  });
});
