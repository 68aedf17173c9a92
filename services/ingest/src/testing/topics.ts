import type { Definition } from '@weir/core';
import type { TestTopic } from '@weir/testkit';
import type { CompressionTypes, Message } from 'kafkajs';

/** Sends to a topic in the order of the calls. */
export interface Sender {
  readonly send: (messages: readonly Message[], compression?: CompressionTypes) => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function sender(topic: TestTopic): Promise<Sender> {
  const producer = topic.kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const send = async (messages: readonly Message[], compression?: CompressionTypes): Promise<void> => void (await producer.send({ topic: topic.name, messages: [...messages], ...(compression === undefined ? {} : { compression }) }));
  return { send, close: () => producer.disconnect() };
}

/** A pipeline of hours that reads a topic into the dataset `clicks`. */
export function logDefinition(topic: string, changes: Partial<Definition> = {}): Definition {
  return {
    name: 'clicks',
    description: '',
    grain: '1h',
    source: { type: 'kafka', dataset: 'clicks', connection: 'kafka', topic, format: 'json', start: 'earliest' },
    contract: { id: 'clicks', version: '1.0.0', datasets: [] },
    models: [],
    destinations: [],
    mode: 'batch',
    lookbackGrains: 0,
    approval: 'never',
    retention: {},
    upstream: [],
    policy: { retries: 2, retryDelayMs: 0, executionTimeoutMs: 60_000, failAbove: { share: 0.01, minRows: 100 } },
    ...changes,
  };
}
