import { produce } from '../produce/producer';
import type { DueRecord, SendOptions, Sent } from '../produce/send-paced';
import type { Target } from '../produce/topic';
import type { ClickOptions } from './click-options';
import { clickRecord } from './click-record';

/** Sends the first `count` records of the options to a topic, each when it is received. Throws what kafkajs throws. */
export function produceClicks(target: Target, options: ClickOptions, count: number, sending: Omit<SendOptions, 'topic'> = {}): Promise<Sent> {
  return produce(target, dueClicks(options, count), sending);
}

function* dueClicks(options: ClickOptions, count: number): Generator<DueRecord> {
  for (let n = 0; n < count; n++) {
    const { key, value, timestamp } = clickRecord(options, n);
    yield { key, value, timestamp, due: timestamp };
  }
}
