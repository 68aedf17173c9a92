import { WeirError, type ErrorFields } from '@weir/core';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { weirHome } from './home';
import type { Account } from './postgres-accounts';
import { isAlive, type ProcessReference } from './process-reference';
import type { Condition } from './supervised';
import type { OnDemandServer } from './wanted';
import { writeWhole } from './whole-file';

export const SERVICES = ['ingest', 'quality', 'transform', 'load', 'metadata', 'orchestrator'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Every address of a platform. */
export interface Addresses {
  /** host:port by service. */
  readonly services: Readonly<Record<ServiceName, string>>;
  /** host:port of Temporal's frontend. */
  readonly temporal: string;
  readonly namespace: string;
  /** URL; empty when unknown. */
  readonly temporalUi: string;
  /** URL of Jaeger's query API. */
  readonly jaeger: string;
  /** URL that takes spans over OTLP/gRPC. */
  readonly otlp: string;
  /** host:port of every Kafka broker. Known from the start on, as the registry's is; whether they run says `onDemand`. */
  readonly kafka: readonly string[];
  /** URL of the schema registry's Confluent-compatible API. */
  readonly registry: string;
  /** Folder of the lake, or `s3://bucket/prefix`. */
  readonly lake: string;
  /** Folder below which destinations of type file lie. */
  readonly exports: string;
  /** The database of the connection `warehouse`. */
  readonly warehouse: Account;
  /** The platform's own database. */
  readonly postgres: Account;
}

/** One supervised process as it was when the state was written. */
export interface ProcessState {
  readonly name: string;
  readonly condition: Condition;
  readonly process: ProcessReference | undefined;
  readonly restarts: number;
  readonly stopSignal: NodeJS.Signals;
}

/** What the supervisor does for a server that is started on demand. */
export interface OnDemandState {
  readonly phase: 'starting' | 'running' | 'failed';
  /** What is being done, how the server came to be, or what went wrong. */
  readonly text: string;
  /** How many starts have failed, by which whoever asks tells a new failure from an old one. */
  readonly failures: number;
  readonly error?: ErrorFields;
}

/** By server; absent: nobody has needed it. */
export type OnDemandStates = Readonly<Partial<Record<OnDemandServer, OnDemandState>>>;

/** The platform that a supervisor runs. */
export interface PlatformRecord {
  readonly phase: 'starting' | 'up' | 'stopping';
  /** ISO 8601. */
  readonly startedAt: string;
  /** Whether it runs on its own, with no terminal that ends it. */
  readonly detached: boolean;
  readonly addresses: Addresses;
  /** How each server came to be: "given", "docker …" or its program. Jaeger appears when it is there. */
  readonly origins: Readonly<Record<string, string>>;
  readonly onDemand: OnDemandStates;
}

/** What .weir/state.json holds: written by the supervisor alone, readable by its owner alone (it has passwords). */
export interface State {
  readonly version: 1;
  readonly home: string;
  readonly supervisor: ProcessReference;
  readonly processes: readonly ProcessState[];
  /** Absent for the servers of tests, which belong to no platform. */
  readonly platform?: PlatformRecord | undefined;
}

/** The platform's addresses as others use them. */
export type PlatformState = Addresses & { readonly home: string; readonly onDemand: OnDemandStates };

/** Where a running platform is. Throws PLATFORM_DOWN when none runs here or it is still starting. */
export async function platformState(home: string = weirHome()): Promise<PlatformState> {
  const state = readState(home);
  if (!state?.platform || !isAlive(state.supervisor)) throw new WeirError({ code: 'PLATFORM_DOWN', place: home, message: 'No platform runs here.' });
  const { phase, addresses, onDemand } = state.platform;
  if (phase !== 'up') throw new WeirError({ code: 'PLATFORM_DOWN', place: home, message: `The platform is ${phase}.`, fix: 'Wait until `weir status` says that it is up.' });
  return { ...addresses, home, onDemand };
}

/** The state as it was last written, alive or not; undefined when there is none or it is of another version. */
export function readState(home: string): State | undefined {
  try {
    const state = JSON.parse(readFileSync(stateFile(home), 'utf8')) as State;
    return state.version === 1 ? state : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the state, whole or not at all. */
export function writeState(state: State): void {
  writeWhole(stateFile(state.home), JSON.stringify(state, undefined, 2), 0o600);
}

export function removeState(home: string): void {
  rmSync(stateFile(home), { force: true });
}

function stateFile(home: string): string {
  return join(home, 'state.json');
}
