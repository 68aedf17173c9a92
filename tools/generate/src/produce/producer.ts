import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { ensureTopic, type TopicSettings } from './topic';
import { sendPaced, type DueRecord, type SendOptions, type Sent } from './send-paced';

/** Which brokers, host:port each, and which topic; made where it is not there. */
export interface Target extends TopicSettings {
  readonly brokers: readonly string[];
}

/** Sends records to a topic, as sendPaced does, through a producer of their own. Throws what kafkajs throws: no broker, no leader. */
export async function produce({ brokers, ...topic }: Target, records: Iterable<DueRecord> | AsyncIterable<DueRecord>, options: Omit<SendOptions, 'topic'>): Promise<Sent> {
  const kafka = new Kafka({ clientId: 'weir-generate', brokers: [...brokers], logLevel: logLevel.NOTHING });
  await ensureTopic(kafka, topic);
  // A send that is tried again must not give a record twice: the accounts are made of what was generated.
  const producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    return await sendPaced(producer, records, { topic: topic.topic, ...options });
  } finally {
    await producer.disconnect();
  }
}
