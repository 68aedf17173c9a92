import { Partitioners } from 'kafkajs';
import { sendPaced, type DueRecord, type SendOptions, type Sent } from './send-paced';
import { ensureTopic, kafkaOf, type Target } from './topic';

/** Sends records to a topic, as sendPaced does, through a producer of their own. Throws what kafkajs throws: no broker, no leader. */
export async function produce(target: Target, records: Iterable<DueRecord> | AsyncIterable<DueRecord>, options: Omit<SendOptions, 'topic'>): Promise<Sent> {
  const kafka = kafkaOf(target);
  await ensureTopic(kafka, target);
  // A send that is tried again must not give a record twice: the accounts are made of what was generated.
  const producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    return await sendPaced(producer, records, { topic: target.topic, ...options });
  } finally {
    await producer.disconnect();
  }
}
