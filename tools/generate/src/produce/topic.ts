import type { Kafka } from 'kafkajs';

export interface TopicSettings {
  readonly topic: string;
  readonly partitions: number;
  /** Kafka's own names, such as `retention.ms`. */
  readonly config?: Readonly<Record<string, string>>;
}

/** Creates a topic unless it is there, and returns once every partition has a leader; one that is there keeps its partitions and settings. Gives whether it is new. */
export async function ensureTopic(kafka: Kafka, { topic, partitions, config = {} }: TopicSettings): Promise<boolean> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    return await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: true });
  } finally {
    await admin.disconnect();
  }
}
