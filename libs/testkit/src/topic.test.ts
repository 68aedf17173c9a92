import { testTopic } from './topic';
import { until } from './until';

test('a test topic is empty, has the partitions and settings asked for, and is gone after drop', async () => {
  const [one, two] = await Promise.all([testTopic(3, { 'cleanup.policy': 'compact', 'retention.ms': '1234' }), testTopic(1)]);
  expect(one.name).not.toBe(two.name);
  const admin = two.kafka.admin();
  await admin.connect();
  try {
    expect((await admin.fetchTopicOffsets(one.name)).map(({ partition, high }) => [partition, high]).toSorted(([one = 0], [two = 0]) => Number(one) - Number(two))).toEqual([[0, '0'], [1, '0'], [2, '0']]);
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: one.name, configNames: ['cleanup.policy', 'retention.ms'] }] });
    expect(resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]).sort()).toEqual([['cleanup.policy', 'compact'], ['retention.ms', '1234']]);

    await one.drop();
    await until(async () => !(await admin.listTopics()).includes(one.name), { timeoutMs: 5_000, what: 'The end of the topic' });
    expect(await admin.listTopics()).toContain(two.name);
  } finally {
    await admin.disconnect();
    await two.drop();
  }
});

test('records sent to a test topic come back in their order', async () => {
  const topic = await testTopic(1);
  const [producer, consumer] = [topic.kafka.producer({ idempotent: true }), topic.kafka.consumer({ groupId: topic.name })];
  try {
    await Promise.all([producer.connect(), consumer.connect()]);
    const sent = ['a', 'b', 'c'];
    await producer.send({ topic: topic.name, messages: sent.map((value) => ({ value })) });
    const got: (string | undefined)[] = [];
    await consumer.subscribe({ topic: topic.name, fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => void got.push(message.value?.toString()) });
    await until(() => got.length >= sent.length, { timeoutMs: 20_000, what: 'All records' });
    expect(got).toEqual(sent);
  } finally {
    await Promise.all([producer.disconnect(), consumer.disconnect()]);
    await topic.drop();
  }
});

test('without brokers the error says what to set', async () => {
  const addresses = process.env['WEIR_TEST_KAFKA'];
  delete process.env['WEIR_TEST_KAFKA'];
  try {
    await expect(testTopic(1)).rejects.toThrow(/WEIR_TEST_KAFKA=host:port/);
  } finally {
    process.env['WEIR_TEST_KAFKA'] = addresses;
  }
});
