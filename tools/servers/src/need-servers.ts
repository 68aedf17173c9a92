import { isErrorCode, toWeirError, WeirError } from '@weir/core';
import { setTimeout as pause } from 'node:timers/promises';
import { kafkaAnswers } from './kafka';
import { registryAnswers } from './registry';
import type { Report } from './report';
import { platformState, type Addresses } from './state';
import { waitUntil } from './wait';
import { want, type OnDemandServer } from './wanted';

/** A first start fetches up to 230 MB; a line so slow that this is not enough does not get better by waiting. */
const START_MS = 15 * 60_000;
const HEALTHY_MS = 60_000;
const LOOK_EVERY_MS = 100;

/**
 * Has the running platform of `home` start the servers named, unless they run, and returns once they are healthy; `report` gets their progress. Throws what
 * the supervisor failed with; PLATFORM_DOWN when no platform is up there or it ends meanwhile; UNAVAILABLE when a server was started and does not answer.
 */
export async function needServers(home: string, servers: readonly OnDemandServer[], report: Report): Promise<void> {
  await platformState(home);
  await Promise.all(servers.map((server) => need(home, server, report)));
}

async function need(home: string, server: OnDemandServer, report: Report): Promise<void> {
  try {
    const how = await start(home, server, report);
    const addresses = await platformState(home);
    if (!(await waitUntil(() => ANSWERS[server](addresses), { timeoutMs: HEALTHY_MS }))) {
      throw new WeirError({ code: 'UNAVAILABLE', place: server, message: `${server} was started and does not answer.`, fix: `Read its log in ${home}/logs; the supervisor keeps starting it.` });
    }
    report({ step: server, state: 'done', text: how });
  } catch (error) {
    report({ step: server, state: 'failed', text: toWeirError(error).message });
    throw error;
  }
}

const ANSWERS: Readonly<Record<OnDemandServer, (addresses: Addresses) => Promise<boolean>>> = {
  kafka: ({ kafka }) => kafkaAnswers(kafka),
  registry: ({ registry }) => registryAnswers(registry),
};

/** Asks, and follows what the supervisor does until the server runs; returns how it came to be. */
async function start(home: string, server: OnDemandServer, report: Report): Promise<string> {
  const before = (await platformState(home)).onDemand[server];
  if (before?.phase === 'running') return before.text;
  want(home, server);
  const deadline = performance.now() + START_MS;
  for (let said = ''; performance.now() < deadline; await pause(LOOK_EVERY_MS)) {
    const state = (await platformState(home)).onDemand[server];
    if (state?.phase === 'running') return state.text;
    if (state?.error && state.failures > (before?.failures ?? 0)) throw new WeirError(isErrorCode(state.error.code) ? state.error : { ...state.error, code: 'INTERNAL' });
    const text = state?.phase === 'starting' ? state.text : 'asking for it';
    if (text !== said) report({ step: server, state: 'running', text });
    said = text;
  }
  throw new WeirError({ code: 'SERVER_FAILED', place: server, message: `${server} did not start within ${START_MS / 60_000} min.`, fix: `Read the logs in ${home}/logs, then ask again.` });
}
