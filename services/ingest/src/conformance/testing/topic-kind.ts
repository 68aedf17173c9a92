import { withEngine } from '@weir/engine';
import { tempDir, testTopic, TransferProxy } from '@weir/testkit';
import { kafkaClients } from '../../kafka';
import { sender } from '../../testing/topics';
import type { Row } from './row';
import type { OpenSource, SourceKind } from './source-kind';

export const TOPIC: SourceKind = {
  name: 'a topic',
  addressed: 'by interval',
  // Record batches have a checksum.
  spoilt: { reset: 'goes on', end: 'goes on', corrupt: 'goes on' },
  mistakes: [{ what: 'a topic that is not there', change: (reading) => ({ ...reading, source: { type: 'kafka', dataset: 'orders', connection: 'kafka', topic: 'weir-nowhere', format: 'json', start: 'earliest' } }), error: { code: 'TOPIC_MISSING', place: 'weir-nowhere', fix: /Create the topic, or correct `source\.topic`/ } }],
  open: openTopic,
};

async function openTopic(): Promise<OpenSource> {
  const topic = await testTopic(2, { 'retention.ms': '-1' });
  const [host = '', port = ''] = topic.brokers[0]?.split(':') ?? [];
  const proxy = await TransferProxy.start({ host, port: Number(port) });
  const kafka = kafkaClients({ kafka: { brokers: [`${proxy.host}:${proxy.port}`], clientId: 'weir-test', tls: false } }, { debug: () => undefined, warn: () => undefined });
  const { send, close } = await sender(topic);
  return {
    reading: { source: { type: 'kafka', dataset: 'orders', connection: 'kafka', topic: topic.name, format: 'json', start: 'earliest' }, connections: {}, secrets: {}, allowed: [] },
    dependencies: { topicLog: (connection, name) => kafka.topicLog(connection, name) },
    proxy,
    put: (rows) => send(rows.map((row) => ({ partition: row.id % 2, value: JSON.stringify(row), timestamp: String(Date.parse(row.at)) }))),
    rowsIn,
    close: async () => {
      await close();
      await kafka.close();
      await proxy.close();
      await topic.drop();
    },
  };
}

async function rowsIn(path: string): Promise<readonly Row[]> {
  const staging = await tempDir();
  try {
    return await withEngine({ inputs: [path], staging: staging.path, memoryLimit: '256MB', threads: 1 }, async (engine) => {
      const records = await engine.rows<{ readonly value: string; readonly poison: string | null }>(`select hex(value) as value, poison from read_parquet('${path}')`);
      return records.map(({ value, poison }) => {
        if (poison !== null) throw new Error(`A record is poison: ${poison}`);
        return JSON.parse(Buffer.from(value, 'hex').toString('utf8')) as Row;
      });
    });
  } finally {
    await staging.dispose();
  }
}
