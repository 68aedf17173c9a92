import type { WeirError } from '@weir/core';
import type { ConsumeResponse } from '@weir/rpc';
import { bounded } from './failure';

/** Where one consumer of a stream stands: what its heartbeats carry, at most a second old. */
export interface ConsumerProgress {
  /** From 0. */
  readonly member: number;
  readonly definitionVersion: number;
  /** `connecting` before the service has answered; `waiting` before a call is made again. */
  readonly state: 'connecting' | 'joining' | 'consuming' | 'draining' | 'waiting';
  /** Its share of the topic's partitions; of a great many, the first 1,000. */
  readonly partitions: readonly number[];
  /** Records of its partitions that are not loaded yet. */
  readonly lag: number;
  /** Counters, since the call at work began. */
  readonly read: number;
  readonly admitted: number;
  readonly duplicate: number;
  readonly quarantined: number;
  readonly filtered: number;
  /** Of those admitted: what a table refused. Absent in what an older service said. */
  readonly refused?: number | undefined;
  readonly batches: number;
  readonly rebalances: number;
  /** Over the last ten seconds, as are the latencies: from a record's timestamp to its commit, absent without records. */
  readonly recordsPerSecond: number;
  readonly latencyP50Ms?: number | undefined;
  readonly latencyP99Ms?: number | undefined;
  /** Timestamp of the newest record that was loaded, RFC 3339; empty before the first. */
  readonly newest: string;
  /** Calls that broke since it last consumed. */
  readonly failures: number;
  /** Why the last of them broke. */
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

const MAX_PARTITIONS = 1_000;
const STATES: ReadonlySet<string> = new Set(['joining', 'consuming', 'draining']);

/** How a consumer stands before its first call. */
export function beginning(member: number, definitionVersion: number): ConsumerProgress {
  return { ...NOTHING, member, definitionVersion, state: 'connecting', newest: '', failures: 0 };
}

const NOTHING = { partitions: [], lag: 0, read: 0, admitted: 0, duplicate: 0, quarantined: 0, filtered: 0, refused: 0, batches: 0, rebalances: 0, recordsPerSecond: 0 };

/** What the service says now; consuming is the end of all trouble. */
export function told(before: ConsumerProgress, { state, partitions, ...rest }: ConsumeResponse): ConsumerProgress {
  const { member, definitionVersion, failures, error } = before;
  const now = { member, definitionVersion, ...rest, state: STATES.has(state) ? (state as ConsumerProgress['state']) : 'joining', partitions: partitions.slice(0, MAX_PARTITIONS) };
  return state === 'consuming' ? { ...now, failures: 0 } : { ...now, failures, error };
}

/** Its call broke, and is made again after a while. Lag and counters are of a call that is no more. */
export function broke(before: ConsumerProgress, error: WeirError): ConsumerProgress {
  const { code, message } = bounded(error);
  const { member, definitionVersion, newest, failures } = before;
  return { ...NOTHING, member, definitionVersion, newest, state: 'waiting', failures: failures + 1, error: { code, message: message.slice(0, MAX_MESSAGE) } };
}

/** A heartbeat goes out every second, whatever the error says. */
const MAX_MESSAGE = 500;
