import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { SchemaRegistry as ConfluentRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { isWeirError } from '@weir/core';
import fc from 'fast-check';
import { createDecoder } from './decoder';
import { SchemaRegistry } from './registry';

/** The client that others use: what it encodes is the oracle for what we read. */
let confluent: ConfluentRegistry;
let registry: SchemaRegistry;

beforeAll(() => {
  const host = process.env['WEIR_TEST_REGISTRY'] ?? '';
  confluent = new ConfluentRegistry({ host });
  registry = new SchemaRegistry({ url: host });
});

const ORDER = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'quantity', type: 'int' },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'address', type: { type: 'record', name: 'Address', fields: [{ name: 'city', type: 'string' }] } },
  ],
} as const;

async function registerAvro(schema: object): Promise<number> {
  return (await confluent.register({ type: SchemaType.AVRO, schema: JSON.stringify(schema) }, { subject: randomUUID() })).id;
}

function framed(id: number, payload: string | Buffer = ''): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(id, 1);
  return Buffer.concat([header, Buffer.from(payload as string)]);
}

describe('values in Avro', () => {
  it("of Confluent's client come back as they were", async () => {
    const id = await registerAvro(ORDER);
    const order = fc.record({ id: fc.string({ unit: 'grapheme' }), quantity: fc.integer(), note: fc.option(fc.string()), tags: fc.array(fc.string(), { maxLength: 3 }), address: fc.record({ city: fc.string() }) }, { noNullPrototype: true });
    const orders = fc.sample(order, 500);
    const values = await Promise.all(orders.map((value) => confluent.encode(id, value)));
    const decoded = await createDecoder({ format: 'avro', registry }).decode(values);
    expect(decoded.map((text) => JSON.parse(text as string) as unknown)).toEqual(orders);
  });

  it('of several schemas are each read with their own', async () => {
    const first = await registerAvro({ type: 'record', name: 'Item', fields: [{ name: 'a', type: 'int' }] });
    const second = await registerAvro({ type: 'record', name: 'Item', fields: [{ name: 'b', type: 'int' }] });
    const values = [await confluent.encode(first, { a: 1 }), null, await confluent.encode(second, { b: 1 }), await confluent.encode(first, { a: 2 })];
    expect(await createDecoder({ format: 'avro', registry }).decode(values)).toEqual(['{"a":1}', null, '{"b":1}', '{"a":2}']);
  });

  it('that are poison do not keep the others', async () => {
    const id = await registerAvro({ type: 'record', name: 'Item', fields: [{ name: 'a', type: 'int' }] });
    const good = await confluent.encode(id, { a: 1 });
    const values = [good, Buffer.from('{"a":1}'), Buffer.alloc(0), Buffer.from([0, 0, 0]), framed(2_000_000_001), framed(0xffffffff), good.subarray(0, -1), Buffer.concat([good, good]), good];
    expect(await createDecoder({ format: 'avro', registry }).decode(values)).toEqual([
      '{"a":1}',
      { reason: 'wrong_magic' },
      { reason: 'too_short' },
      { reason: 'too_short' },
      { reason: 'unknown_schema' },
      { reason: 'unknown_schema' },
      { reason: 'undecodable' },
      { reason: 'undecodable' },
      '{"a":1}',
    ]);
  });

  it('whose schema is JSON Schema, or rests on another, are of an unsupported schema', async () => {
    const { id: jsonId } = await confluent.register({ type: SchemaType.JSON, schema: JSON.stringify({ type: 'object', properties: { [randomUUID()]: {} } }) }, { subject: randomUUID() });
    const subject = randomUUID();
    await confluent.register({ type: SchemaType.AVRO, schema: JSON.stringify({ type: 'record', name: 'Inner', fields: [] }) }, { subject });
    const { id: outerId } = await confluent.register({ type: SchemaType.AVRO, schema: JSON.stringify({ type: 'record', name: 'Outer', fields: [{ name: 'a', type: 'Inner' }] }), references: [{ name: 'Inner', subject, version: 1 }] }, { subject: randomUUID() });
    expect(await createDecoder({ format: 'avro', registry }).decode([framed(jsonId, '{}'), framed(outerId)])).toEqual([{ reason: 'unsupported_schema' }, { reason: 'unsupported_schema' }]);
  });

  it('are nothing while the registry is away', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const decoder = createDecoder({ format: 'avro', registry: new SchemaRegistry({ url: `http://127.0.0.1:${port}` }) });
    const error: unknown = await decoder.decode([framed(1)]).catch((reason: unknown) => reason);
    expect(isWeirError(error) && error.code).toBe('UNAVAILABLE');
  });

  it('of any bytes are texts or reasons', async () => {
    const id = await registerAvro(ORDER);
    const decoder = createDecoder({ format: 'avro', registry });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), async (payloads) => {
        const decoded = await decoder.decode(payloads.map((payload) => framed(id, Buffer.from(payload))));
        for (const value of decoded) expect(typeof value === 'string' ? typeof JSON.parse(value) : value).toEqual(typeof value === 'string' ? 'object' : { reason: expect.stringMatching(/^(undecodable|invalid_utf8)$/) });
      }),
      { numRuns: 300 },
    );
  });
});

describe('values in JSON with a schema', () => {
  it('are their text, once the registry knows the schema as JSON Schema', async () => {
    const { id } = await confluent.register({ type: SchemaType.JSON, schema: JSON.stringify({ type: 'object', properties: { [randomUUID()]: {}, a: { type: 'number' } } }) }, { subject: randomUUID() });
    const avroId = await registerAvro({ type: 'record', name: 'Item', fields: [] });
    const values = [await confluent.encode(id, { a: 1, é: 'ü' }), framed(id, '{"a": 9007199254740993}'), framed(avroId, '{}'), framed(2_000_000_001, '{}'), framed(id, Buffer.from([0x22, 0xff, 0x22])), framed(id, `"${'x'.repeat(1024 * 1024)}"`), null];
    expect(await createDecoder({ format: 'json_schema', registry }).decode(values)).toEqual([
      '{"a":1,"é":"ü"}',
      '{"a": 9007199254740993}',
      { reason: 'unsupported_schema' },
      { reason: 'unknown_schema' },
      { reason: 'invalid_utf8' },
      { reason: 'too_large' },
      null,
    ]);
  });
});
