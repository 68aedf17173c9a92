import { WeirError } from '@weir/core';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needServers } from './need-servers';
import { OnDemand, type Starter } from './on-demand';
import type { StepEvent } from './report';
import type { Addresses, OnDemandState } from './state';
import { Supervisor } from './supervisor';
import { want, wasWanted, type OnDemandServer } from './wanted';
import { waitUntil } from './wait';

let home: string;
let supervisor: Supervisor;
let onDemand: OnDemand | undefined;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'weir-demand-'));
  supervisor = await Supervisor.take(home, () => undefined);
  // Only what needServers looks at: the addresses of servers that really answer.
  const addresses = { kafka: process.env['WEIR_TEST_KAFKA']?.split(','), registry: process.env['WEIR_TEST_REGISTRY'] } as unknown as Addresses;
  supervisor.platform = { phase: 'up', startedAt: new Date().toISOString(), detached: false, addresses, origins: {}, onDemand: {} };
  supervisor.save();
});
afterEach(async () => {
  await onDemand?.stop();
  await supervisor.stop();
  rmSync(home, { recursive: true, force: true });
});

/** The supervisor's half with starters of the test's own; returns what was started, in order. */
const watch = (starters: Partial<Record<OnDemandServer, Starter>>): { started: OnDemandServer[]; states: OnDemandState[] } => {
  const [started, states]: [OnDemandServer[], OnDemandState[]] = [[], []];
  const starter = (server: OnDemandServer): Starter => (say) => {
    started.push(server);
    return starters[server]?.(say) ?? Promise.resolve({ how: `${server} of the test` });
  };
  onDemand = new OnDemand(home, { kafka: starter('kafka'), registry: starter('registry') }, (server, state) => {
    states.push(state);
    if (supervisor.platform) supervisor.platform = { ...supervisor.platform, onDemand: { ...supervisor.platform.onDemand, [server]: state } };
    supervisor.save();
  });
  onDemand.watch();
  return { started, states };
};

test('what nobody needs is not started; what is needed is started once, for all who ask, and their progress is told', async () => {
  const said: StepEvent[] = [];
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const { started } = watch({
    kafka: async (say) => {
      say('fetching');
      await released;
      return { how: 'kafka of the test' };
    },
  });
  const asked = [needServers(home, ['kafka'], (event) => said.push(event)), needServers(home, ['kafka'], () => undefined)];
  expect(await waitUntil(() => said.some(({ text }) => text === 'fetching'), { timeoutMs: 10_000 })).toBe(true);
  release();
  await Promise.all(asked);
  await needServers(home, ['kafka'], () => undefined);
  expect(started).toEqual(['kafka']);
  expect(said.at(-1)).toEqual({ step: 'kafka', state: 'done', text: 'kafka of the test' });
});

test('whoever asks gets the reason of a failed start, and asking again tries again', async () => {
  let tries = 0;
  const { started } = watch({
    registry: async () => {
      tries++;
      if (tries < 3) throw new WeirError({ code: 'SERVER_FAILED', place: 'registry', message: `No Java, ${tries}.`, fix: 'Install Java.', samples: ['sample'] });
      return { how: 'third time' };
    },
  });
  await expect(needServers(home, ['registry'], () => undefined)).rejects.toMatchObject({ code: 'SERVER_FAILED', place: 'registry', message: 'No Java, 1.', fix: 'Install Java.', samples: ['sample'] });
  await expect(needServers(home, ['registry'], () => undefined)).rejects.toMatchObject({ message: 'No Java, 2.' });
  await needServers(home, ['registry'], () => undefined);
  expect(started).toEqual(['registry', 'registry', 'registry']);
});

test('what was wanted once is started by the next supervisor without being asked, and a failure there waits for who asks', async () => {
  want(home, 'kafka');
  const { started, states } = watch({ kafka: () => Promise.reject(new Error('broken')) });
  await expect(onDemand?.settled()).rejects.toThrow('broken');
  expect(states.at(-1)).toMatchObject({ phase: 'failed', text: 'broken', failures: 1, error: { code: 'INTERNAL' } });
  expect({ started, wanted: wasWanted(home, 'kafka'), other: wasWanted(home, 'registry') }).toEqual({ started: ['kafka'], wanted: true, other: false });
});

test('a supervisor that ends while somebody waits is PLATFORM_DOWN, as is none at all', async () => {
  watch({ kafka: () => new Promise(() => undefined) });
  const asked = needServers(home, ['kafka'], () => undefined);
  expect(await waitUntil(() => supervisor.platform?.onDemand.kafka?.phase === 'starting', { timeoutMs: 10_000 })).toBe(true);
  // Its start never ends, so nobody waits for that.
  void onDemand?.stop();
  onDemand = undefined;
  await Promise.all([expect(asked).rejects.toMatchObject({ code: 'PLATFORM_DOWN' }), supervisor.stop()]);
  await expect(needServers(home, ['kafka'], () => undefined)).rejects.toMatchObject({ code: 'PLATFORM_DOWN', place: home });
});
