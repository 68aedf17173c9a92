import type { ConsumerProgress } from '@weir/orchestrator';
import type { Temporal } from '../temporal';
import type { OpenStream } from './find-stream';

const ACTIVITY = 'consume';

/** Whether a stream is open, and its consumers as their last heartbeats say, by number; those that no worker has taken yet are left out. Throws what Temporal's client throws. */
export async function readConsumers({ asking }: Temporal, { workflowId }: Pick<OpenStream, 'workflowId'>): Promise<{ readonly open: boolean; readonly consumers: readonly ConsumerProgress[] }> {
  const { raw, status } = await asking.workflow.getHandle(workflowId).describe();
  const open = status.name === 'RUNNING';
  // A stream that was terminated leaves activities behind that nobody waits for.
  const beats = (open ? (raw.pendingActivities ?? []) : []).filter(({ activityType }) => activityType?.name === ACTIVITY).map(({ heartbeatDetails }) => heartbeatDetails?.payloads?.[0]?.data);
  const consumers = beats.flatMap((data) => (data ? [JSON.parse(Buffer.from(data).toString('utf8')) as ConsumerProgress] : []));
  return { open, consumers: consumers.toSorted((a, b) => a.member - b.member) };
}

/** All consumers of a stream together. */
export interface ConsumerTotals {
  readonly consuming: number;
  readonly lag: number;
  readonly recordsPerSecond: number;
  /** Of the consumer that is worst off; undefined when none had records. */
  readonly latencyP50Ms: number | undefined;
  readonly latencyP99Ms: number | undefined;
  /** Since the consumers began; read = admitted + duplicate + quarantined + filtered. */
  readonly read: number;
  readonly admitted: number;
  readonly duplicate: number;
  readonly quarantined: number;
  readonly filtered: number;
  /** Of those admitted: what a table refused. */
  readonly refused: number;
  /** Timestamp of the newest record that was loaded, RFC 3339; empty before the first. */
  readonly newest: string;
}

export function totalsOf(consumers: readonly ConsumerProgress[]): ConsumerTotals {
  const sum = (of: (consumer: ConsumerProgress) => number): number => consumers.reduce((total, consumer) => total + of(consumer), 0);
  const worst = (of: (consumer: ConsumerProgress) => number | undefined): number | undefined => {
    const known = consumers.map(of).filter((value) => value !== undefined);
    return known.length > 0 ? Math.max(...known) : undefined;
  };
  return {
    consuming: consumers.filter(({ state }) => state === 'consuming').length,
    lag: sum(({ lag }) => lag),
    recordsPerSecond: sum(({ recordsPerSecond }) => recordsPerSecond),
    latencyP50Ms: worst(({ latencyP50Ms }) => latencyP50Ms),
    latencyP99Ms: worst(({ latencyP99Ms }) => latencyP99Ms),
    read: sum(({ read }) => read),
    admitted: sum(({ admitted }) => admitted),
    duplicate: sum(({ duplicate }) => duplicate),
    quarantined: sum(({ quarantined }) => quarantined),
    filtered: sum(({ filtered }) => filtered),
    refused: sum(({ refused = 0 }) => refused),
    newest: consumers.reduce((newest, consumer) => (consumer.newest > newest ? consumer.newest : newest), ''),
  };
}
