import { setTimeout as pause } from 'node:timers/promises';
import { Kafka, logLevel, type Admin } from 'kafkajs';

export interface TopicSettings {
  readonly topic: string;
  readonly partitions: number;
  /** Kafka's own names, such as `retention.ms`. */
  readonly config?: Readonly<Record<string, string>>;
}

/** Which brokers, host:port each, and which topic; made where it is not there. */
export interface Target extends TopicSettings {
  readonly brokers: readonly string[];
}

/** A client of the target's brokers that logs nothing: what goes wrong is thrown. */
export function kafkaOf({ brokers }: Pick<Target, 'brokers'>): Kafka {
  return new Kafka({ clientId: 'weir-generate', brokers: [...brokers], logLevel: logLevel.NOTHING });
}

/** Makes a topic where it is not there, and gives how many records were ever written to it. Throws what kafkajs throws. */
export async function openTopic(target: Target): Promise<number> {
  const kafka = kafkaOf(target);
  if (await ensureTopic(kafka, target)) return 0;
  const admin = kafka.admin();
  await admin.connect();
  try {
    const offsets = await admin.fetchTopicOffsets(target.topic);
    return offsets.reduce((sum, { high }) => sum + Number(high), 0);
  } finally {
    await admin.disconnect();
  }
}

/** Creates a topic unless it is there, and returns once every partition has a leader; one that is there keeps its partitions and settings. Gives whether it is new. */
export async function ensureTopic(kafka: Kafka, { topic, partitions, config = {} }: TopicSettings): Promise<boolean> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    const created = await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: false });
    await untilThere(admin, topic);
    return created;
  } finally {
    await admin.disconnect();
  }
}

const TRIES = 50;
const WAIT_MS = 100;

/** Waits until every partition's leader has its log. kafkajs waits for leaders only, and fails where the broker that it asks has not heard of the topic yet. */
async function untilThere(admin: Admin, topic: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await admin.fetchTopicOffsets(topic);
      return;
    } catch (error) {
      if (tries === TRIES) throw error;
    }
    await pause(WAIT_MS);
  }
}
