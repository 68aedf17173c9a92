import type { Sent, Target } from '@weir/generate';
import type { PlatformState } from '@weir/servers';
import { count, print, seconds } from '../output';
import { withTelemetry } from '../run-to-end';
import { needShown } from '../stream/need-kafka';

const TOLD_EVERY_MS = 5_000;

/** What a sending is given: where to, when to end, and whom to tell. */
export interface Sending {
  readonly target: Omit<Target, 'config'>;
  readonly signal: AbortSignal;
  readonly onSent: (records: number) => void;
}

/** Makes sure that Kafka runs, and sends to a topic of it until all is sent or Ctrl-C; says every 5 s how far it is, unless `quiet`. Throws what needServers and kafkajs throw. */
export async function sendTo<T extends Sent>(platform: PlatformState, { topic, partitions }: Pick<Target, 'topic' | 'partitions'>, quiet: boolean, body: (sending: Sending) => Promise<T>): Promise<T> {
  await needShown(platform.home, ['kafka'], quiet);
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.once('SIGINT', interrupt);
  let sent = 0;
  const beat = setInterval(() => (quiet ? undefined : print(`  sent ${count(sent)} records to ${topic}`)), TOLD_EVERY_MS);
  try {
    return await withTelemetry(platform, () => body({ target: { brokers: platform.kafka, topic, partitions }, signal: interrupted.signal, onSent: (records) => (sent = records) }));
  } finally {
    clearInterval(beat);
    process.off('SIGINT', interrupt);
  }
}

/** `sent 60,000 records to clicks in 60.0 s, 1,000 a second; the latest 12 ms after it was due`. */
export function sentWords({ records, tookMs, latestMs }: Sent, topic: string, paced: boolean): string {
  const rate = count(Math.round(records / Math.max(0.001, tookMs / 1_000)));
  return `sent ${count(records)} records to ${topic} in ${seconds(tookMs)}, ${rate} a second${paced ? `; the latest ${count(latestMs)} ms after it was due` : ''}`;
}
