import { produce } from '../produce/producer';
import type { DueRecord, SendOptions, Sent } from '../produce/send-paced';
import type { Target } from '../produce/topic';
import { retailDays, retailRecords } from './retail-records';

export interface ReplayOptions extends Omit<SendOptions, 'topic'> {
  /** How many times faster than it happened; as fast as Kafka takes it when not given. */
  readonly speed?: number | undefined;
}

/** The lines are years old, and Kafka removes by their time. */
export const RETAIL_TOPIC_CONFIG = { 'retention.ms': '-1', 'message.timestamp.type': 'CreateTime' };

/**
 * Sends every line of a folder of daily files (`<yyyy-mm-dd>.csv`) to a topic in the order in which they happened, with the time of the invoice as timestamp and
 * its number as key. Throws a RangeError for a folder without days, and what kafkajs throws.
 */
export function replayRetail(target: Omit<Target, 'config'>, folder: string, { speed, ...sending }: ReplayOptions = {}): Promise<Sent> {
  if (speed !== undefined && !(speed > 0)) throw new RangeError(`\`speed\` is a number above 0, not ${speed}.`);
  return produce({ ...target, config: RETAIL_TOPIC_CONFIG }, dueLines(folder, speed), sending);
}

async function* dueLines(folder: string, speed: number | undefined): AsyncGenerator<DueRecord> {
  const started = Date.now();
  let first: number | undefined;
  for (const file of await retailDays(folder)) {
    for (const record of await retailRecords(file)) {
      first ??= record.timestamp;
      yield { ...record, due: speed === undefined ? started : started + (record.timestamp - first) / speed };
    }
  }
}
