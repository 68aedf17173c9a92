import { randomBytes } from 'node:crypto';
import { CompressionTypes, type Message } from 'kafkajs';
import { until } from '@weir/testkit';
import { useHouse } from '../house';
import { writeLogPipeline } from './log-definition';
import { Streaming } from './streaming';

/** No partition stands still for longer, whatever comes. */
const MOST_STALLED_MS = 10_000;
const MEBIBYTE = 1024 * 1024;
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const item = (id: string): string => JSON.stringify({ id, seq: 1, op: 'u', label: 'a', amount: '1.00' });

/** What a producer can do wrong, and the rule that the record is then in quarantine with. */
const POISON: readonly (readonly [name: string, rule: string, message: Message, compression?: CompressionTypes])[] = [
  ['no JSON', 'undecodable', { key: 'k', value: '{"id":"x"' }],
  ['no UTF-8', 'invalid_utf8', { key: 'k', value: Buffer.from('7b226964223a22ff227d', 'hex') }],
  ['neither key nor value', 'required:id', { key: null, value: null }],
  ['a null key in the value', 'required:id', { key: 'k', value: item('x').replace('"x"', 'null') }],
  ['10 MB', 'too_large', { key: 'k', value: JSON.stringify({ ...(JSON.parse(item('x')) as object), label: randomBytes(5 * MEBIBYTE).toString('hex') }) }],
  ['40 MiB of nothing as 40 KiB of gzip', 'inflated_too_large', { key: 'k', value: Buffer.alloc(40 * MEBIBYTE) }, CompressionTypes.GZIP],
  ['a text of 900 KiB in a number', 'type:seq', { key: 'k', value: JSON.stringify({ ...(JSON.parse(item('x')) as object), seq: 'y'.repeat(900 * 1024) }) }],
];

describe('poison', () => {
  const house = useHouse();
  let streaming: Streaming;
  beforeAll(async () => {
    streaming = await Streaming.open(house.platform, ['kafka', 'registry']);
  });

  const ids = async (pipeline: string): Promise<string[]> => (await house.platform.warehouse.query<{ id: string }>(`select id from ${pipeline}.items order by id`)).rows.map(({ id }) => id);
  const quarantine = async (pipeline: string) => (await house.platform.clients.quarantine.listRows({ pipeline, runId: '', limit: 1_000 })).rows;

  test('goes to quarantine once, as it came, and holds up nothing behind it', async () => {
    const [name, topic] = ['poisoned', 'poisoned'];
    await streaming.topic(topic, 1, { 'max.message.bytes': String(64 * MEBIBYTE) });
    await streaming.apply(writeLogPipeline(house.scratch, { name, topic, kind: 'arrival', mode: 'realtime' }));
    await streaming.start(name);
    const producer = streaming.kafka.producer({ idempotent: true });
    await producer.connect();
    await producer.send({ topic, messages: [{ key: 'first', value: item('first'), partition: 0 }] });
    await until(async () => (await ids(name)).includes('first'), { timeoutMs: 60_000, what: 'The first row' });
    for (const [n, [what, , message, compression = CompressionTypes.None]] of POISON.entries()) {
      await producer.send({ topic, compression, messages: [{ ...message, partition: 0, headers: { traceparent: TRACEPARENT, n: String(n) } }] });
      await producer.send({ topic, messages: [{ key: `behind${n}`, value: item(`behind${n}`), partition: 0 }] });
      await until(async () => (await ids(name)).includes(`behind${n}`), { timeoutMs: MOST_STALLED_MS, what: `The record behind ${what}` });
    }
    await producer.disconnect();
    const rows = await quarantine(name);
    // Offsets: `first`, then each poisoned record and the one behind it.
    expect(rows.map(({ file, line, rules }) => `${file}:${line} ${rules.join()}`).sort()).toEqual(POISON.map(([, rule], n) => `${topic}:0:${1 + 2 * n} ${rule}`).sort());
    for (const [n, [, rule, { key, value }]] of POISON.entries()) {
      const row = rows.find(({ line }) => line === 1 + 2 * n);
      // Of a batch that could not be inflated nothing more is known.
      if (rule === 'inflated_too_large') continue;
      expect(row).toMatchObject({ key: Buffer.from(key ?? ''), traceparent: TRACEPARENT, byteLength: Buffer.byteLength(value ?? '') });
      expect(JSON.parse(row?.headers ?? '')).toMatchObject({ n: String(n) });
      if (row?.originalPath === '') expect(row.original).toEqual(Buffer.from(value ?? ''));
      else expect(Buffer.byteLength(value ?? '')).toBeGreaterThan(64 * 1024);
    }
    await streaming.stop(name);
  });

  test('of a registry: unknown schemas and what is no Avro are set aside, what has a schema is loaded', async () => {
    const [name, topic] = ['poisoned_avro', 'poisoned-avro'];
    const schema = { type: 'record', name: 'Item', fields: [{ name: 'id', type: 'string' }, { name: 'seq', type: 'long' }, ...['op', 'label', 'amount'].map((field) => ({ name: field, type: 'string' }))] };
    const answer = await fetch(new URL(`subjects/${topic}-value/versions`, `${house.platform.state.registry}/`), { method: 'POST', headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' }, body: JSON.stringify({ schema: JSON.stringify(schema) }) });
    const { id } = (await answer.json()) as { id: number };
    await streaming.topic(topic, 1);
    await streaming.apply(writeLogPipeline(house.scratch, { name, topic, kind: 'arrival', mode: 'realtime', format: 'avro' }));
    await streaming.start(name);
    const good = avroItem(id, 'good');
    const values = [good, avroItem(999_999, 'x'), Buffer.from(item('x')), good.subarray(0, 3), good.subarray(0, good.length - 3), avroItem(id, 'last')];
    await streaming.send(topic, values.map((value) => ({ key: 'k', value, partition: 0 })));
    await streaming.loaded(name, topic, 60_000);
    expect(await ids(name)).toEqual(['good', 'last']);
    expect((await quarantine(name)).map(({ line, rules }) => `${line} ${rules.join()}`).sort()).toEqual(['1 unknown_schema', '2 wrong_magic', '3 too_short', '4 undecodable']);
    await streaming.stop(name);
  });
});

/** An item in Avro's binary form behind the five bytes that name its schema, by their specifications. */
function avroItem(schema: number, id: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(schema, 1);
  // Lengths and numbers below 64 are one byte, twice their value.
  const text = (value: string): Buffer => Buffer.concat([Buffer.of(2 * Buffer.byteLength(value)), Buffer.from(value)]);
  return Buffer.concat([head, text(id), Buffer.of(2), text('u'), text('a'), text('1.00')]);
}
