import type { WorkflowHandle } from '@temporalio/client';
import type { ConsumeRequest, LogRange } from '@weir/rpc';
import { until } from '@weir/testkit';
import type { ConsumerProgress } from '../activities/consumer-progress';
import type { ArchiveProgress } from '../workflows/archive-progress';
import type { StreamProgress, StreamState } from '../workflows/stream-progress';
import type { Script } from './far-side';
import type { Rig } from './rig';

/** A realtime pipeline on the far side, and the stream of it. */
export class Brook {
  readonly pipeline: string;
  /** What `getDefinition` gives. */
  version = 3;
  consumers = 1;
  refreshMs = 1_000;
  retries = 2;
  retryDelayMs = 300;
  mode = 'realtime';
  private readonly open = new Set<{ readonly member: number }>();
  /** What the archive has not taken yet. */
  waiting: LogRange[] = [];

  constructor(private readonly rig: Rig) {
    this.pipeline = rig.pipeline();
  }

  /** Answers for the far side; what `more` has comes after them. */
  script(more: Script = {}): Script {
    return {
      beginRun: () => Promise.resolve({ topic: 'clicks', rawOnly: true }),
      ...more,
      getDefinition: ({ pipeline }) => Promise.resolve({ pipeline, version: this.version, definitionJson: this.definition() }),
      consume: async (request, turn) => {
        const call = { member: request.member };
        const closed = () => this.open.delete(call);
        this.open.add(call);
        turn.signal.addEventListener('abort', closed, { once: true });
        const end = Promise.resolve(more.consume?.(request, turn));
        end.then((given) => given && closed(), closed);
        return end;
      },
      planArchive: async (request, turn) => {
        const changed = await more.planArchive?.(request, turn);
        return { ...(this.waiting.length > 0 ? { interval: HOUR, ranges: this.waiting } : {}), ...changed };
      },
      publish: async (request, turn) => {
        const changed = await more.publish?.(request, turn);
        this.waiting = [];
        return changed;
      },
    };
  }

  /** The members whose calls are open now; one twice where it has two. */
  get atWork(): number[] {
    return [...this.open].map(({ member }) => member).toSorted((a, b) => a - b);
  }

  /** Starts the stream as `temporal workflow start` does. */
  start(input: object = {}): ReturnType<Rig['start']> {
    return this.rig.start({ pipeline: this.pipeline, ...input }, 'pipelineStream', `stream/${this.pipeline}`);
  }

  archive(): WorkflowHandle {
    return this.rig.client.workflow.getHandle(`archive/${this.pipeline}`);
  }

  /** The calls of its members, in order. */
  calls(): ConsumeRequest[] {
    return this.rig.far.requests<ConsumeRequest>('consume').filter(({ context }) => context?.pipeline === this.pipeline);
  }

  /** Ends whatever is left of it. */
  async end(): Promise<void> {
    await this.rig.client.workflow.getHandle(`stream/${this.pipeline}`).terminate().catch(() => undefined);
    await this.archive().terminate().catch(() => undefined);
  }

  private definition(): string {
    const { pipeline: name, mode, consumers, refreshMs, retries, retryDelayMs } = this;
    return JSON.stringify({ name, source: { type: 'kafka' }, grain: '1h', mode, stream: mode === 'realtime' ? { consumers, refreshMs } : undefined, policy: { retries, retryDelayMs } });
  }
}

/** The interval of all that waits for the archive. */
export const HOUR = { start: '2026-01-01T10:00:00Z', end: '2026-01-01T11:00:00Z' };

export function progressOf(handle: WorkflowHandle): Promise<StreamProgress> {
  return handle.query<StreamProgress>('progress');
}

export function archiveOf(handle: WorkflowHandle): Promise<ArchiveProgress> {
  return handle.query<ArchiveProgress>('progress');
}

/** Waits until the stream is in a state, and gives what it then says. */
export function reaches(handle: WorkflowHandle, state: StreamState, timeoutMs = 15_000): Promise<StreamProgress> {
  const inState = async () => {
    const progress = await progressOf(handle);
    return progress.state === state ? progress : undefined;
  };
  return until(inState, { timeoutMs, what: `the state ${state}` });
}

/** What the consumers of a stream say in their heartbeats. */
export async function heartbeatsOf(handle: WorkflowHandle): Promise<ConsumerProgress[]> {
  const { raw } = await handle.describe();
  return (raw.pendingActivities ?? []).flatMap(({ activityType, heartbeatDetails }) => {
    const data = heartbeatDetails?.payloads?.[0]?.data;
    return activityType?.name === 'consume' && data ? [JSON.parse(Buffer.from(data).toString()) as ConsumerProgress] : [];
  });
}
