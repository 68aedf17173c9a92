import { randomBytes } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { until } from './until';

/** A topic of its own for one test. */
export interface TestTopic {
  readonly name: string;
  /** host:port of every broker. */
  readonly brokers: readonly string[];
  /** A client of those brokers that logs nothing. */
  readonly kafka: Kafka;
  /** Deletes the topic. Consumers and producers that a test made are the test's to disconnect. */
  drop(): Promise<void>;
}

/**
 * Creates an empty topic on the brokers named by WEIR_TEST_KAFKA (host:port, separated by commas) and returns once every partition has a leader.
 * `config` has Kafka's own names, such as `cleanup.policy`. Call it in beforeAll or a test, and `drop()` afterwards. Throws when no broker is named.
 */
export async function testTopic(partitions: number, config: Readonly<Record<string, string>> = {}): Promise<TestTopic> {
  const brokers = testBrokers();
  const kafka = new Kafka({ clientId: 'weir-test', brokers, logLevel: logLevel.NOTHING });
  const name = `weir-test-${randomBytes(6).toString('hex')}`;
  const admin = kafka.admin();
  await admin.connect();
  try {
    const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }));
    await admin.createTopics({ topics: [{ topic: name, numPartitions: partitions, configEntries }], waitForLeaders: false });
    // kafkajs waits for leaders, too, but fails where the broker that it asks has not heard of the topic yet; and one that leads need not have made the log.
    await until(async () => (await admin.fetchTopicOffsets(name)).length === partitions, { timeoutMs: 10_000, what: `The logs of ${name}` });
  } catch (error) {
    await admin.disconnect();
    throw error;
  }
  const drop = async (): Promise<void> => {
    await admin.deleteTopics({ topics: [name] });
    await admin.disconnect();
  };
  return { name, brokers, kafka, drop };
}

function testBrokers(): string[] {
  const addresses = process.env['WEIR_TEST_KAFKA']?.split(',') ?? [];
  if (addresses.length > 0 && addresses.every((address) => /^.+:\d{1,5}$/.test(address))) return addresses;
  throw new Error('This test needs a real Kafka: set WEIR_TEST_KAFKA=host:port. `npm test` at the root starts one and sets it; so does jest where package.json has "weir": {"servers": ["kafka"]}.');
}
