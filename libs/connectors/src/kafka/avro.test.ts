import avro from 'avsc';
import fc from 'fast-check';
import { avroReader, MAX_VALUE_BYTES } from './avro';
import { avroCase, record } from './testing/avro-values';
import { UnreadableValue } from './unreadable-value';

/** CI takes 500 cases; WEIR_FUZZ_RUNS asks for more. */
const RUNS = Number(process.env['WEIR_FUZZ_RUNS'] ?? 500);

/** avsc with longs as bigints, without ideas about logical types. */
const long = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

function encode(schema: unknown, value: unknown): Buffer {
  return avro.Type.forSchema(physical(schema) as avro.Schema, { registry: { long }, wrapUnions: true }).toBuffer(value);
}

/** A schema without what only says how a primitive type is meant. */
function physical(schema: unknown): unknown {
  const text = JSON.stringify(schema, (_, part: { type?: string; name?: string; logicalType?: string } | null) => (part?.logicalType !== undefined && part.name === undefined ? part.type : part));
  return JSON.parse(text);
}

function read(schema: unknown, payload: Buffer): string {
  return avroReader(JSON.stringify(schema))(payload);
}

/** The text, or the reason why there is none. */
function outcome(schema: unknown, payload: Buffer): string {
  try {
    return read(schema, payload);
  } catch (error) {
    if (error instanceof UnreadableValue) return error.reason;
    throw error;
  }
}

/** A zigzag number as Avro writes it. */
function zigzag(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value) * 2n ^ (value < 0 ? -1n : 0n);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

describe('a value in Avro', () => {
  it('is the JSON text of what was written, whatever its schema', () => {
    fc.assert(
      fc.property(avroCase(3), ({ schema, value, json }) => {
        expect(read(schema, encode(schema, value))).toBe(json);
      }),
      { numRuns: RUNS },
    );
  });

  it('gives a text or a reason, soon and without memory, for bytes of any kind', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(record(3, 'r'), edits, fc.uint8Array({ maxLength: 60 }), ({ schema, value }, changes, random) => {
        const reader = avroReader(JSON.stringify(schema));
        const mutated = encode(schema, value);
        for (const [at, byte] of changes) if (mutated.length > 0) mutated[at % mutated.length] = byte;
        for (const payload of [mutated, mutated.subarray(0, -1), Buffer.concat([mutated, Buffer.from('x')]), Buffer.from(random)]) {
          try {
            expect(JSON.parse(reader(payload))).toBeDefined();
          } catch (error) {
            expect(error).toBeInstanceOf(UnreadableValue);
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('with bytes after its end is undecodable', () => {
    expect(outcome('int', Buffer.from([2]))).toBe('1');
    expect(outcome('int', Buffer.from([2, 0]))).toBe('undecodable');
  });

  it('of a text that is not UTF-8 is invalid_utf8', () => {
    expect(outcome('string', Buffer.from([4, 0xc3, 0x28]))).toBe('invalid_utf8');
  });

  test.each<[string, unknown, Buffer]>([
    ['a number of eleven bytes', 'long', Buffer.from([255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1])],
    ['a number above 64 bits', 'long', Buffer.from([255, 255, 255, 255, 255, 255, 255, 255, 255, 2])],
    ['an int above 32 bits', 'int', zigzag(2 ** 31)],
    ['a boolean of two', 'boolean', Buffer.from([2])],
    ['a branch that its union does not have', ['null', 'string'], Buffer.from([4])],
    ['a branch below zero', ['null', 'string'], Buffer.from([1])],
    ['a text of two billion bytes', 'string', Buffer.concat([zigzag(2 ** 31 - 1), Buffer.from('x')])],
    ['a text of a length below zero', 'string', Buffer.from([1])],
    ['a time after midnight', { type: 'int', logicalType: 'time-millis' }, zigzag(86_400_000)],
    ['a date that no calendar has', { type: 'int', logicalType: 'date' }, zigzag(2 ** 31 - 1)],
    ['a decimal of 65 bytes', { type: 'bytes', logicalType: 'decimal', precision: 10, scale: 2 }, Buffer.concat([zigzag(65), Buffer.alloc(65)])],
  ])('with %s is undecodable', (_, schema, payload) => {
    expect(outcome(schema, payload)).toBe('undecodable');
  });

  it('of a nanosecond keeps all of them', () => {
    expect(read({ type: 'long', logicalType: 'timestamp-nanos' }, encode('long', -1n))).toBe('"1969-12-31T23:59:59.999999999Z"');
  });

  it('of a UUID in 16 bytes is the UUID', () => {
    expect(read({ type: 'fixed', name: 'u', size: 16, logicalType: 'uuid' }, Buffer.from('123e4567e89b12d3a456426614174000', 'hex'))).toBe('"123e4567-e89b-12d3-a456-426614174000"');
  });

  it('with blocks that state their size reads them all', () => {
    const payload = Buffer.concat([zigzag(-2), zigzag(2), zigzag(1), zigzag(2), zigzag(1), zigzag(3), zigzag(0)]);
    expect(read({ type: 'array', items: 'int' }, payload)).toBe('[1,2,3]');
  });

  it('with parameters that no decimal has is bytes', () => {
    expect(read({ type: 'bytes', logicalType: 'decimal', precision: 2, scale: 3 }, Buffer.from([2, 1]))).toBe('"AQ=="');
  });
});

describe('hostile values', () => {
  const NODE = { type: 'record', name: 'Node', fields: [{ name: 'next', type: ['null', 'Node'] }] };

  it('of 64 records inside each other are read, of 65 not', () => {
    const nested = (depth: number): Buffer => Buffer.concat([Buffer.alloc(depth - 1, 2), Buffer.from([0])]);
    expect(read(NODE, nested(64)).length).toBeGreaterThan(64);
    expect(outcome(NODE, nested(65))).toBe('undecodable');
  });

  it('whose record holds itself for ever end', () => {
    expect(outcome({ type: 'record', name: 'R', fields: [{ name: 'r', type: 'R' }] }, Buffer.alloc(0))).toBe('undecodable');
  });

  test.each<[string, unknown, Buffer]>([
    ['very many nulls', { type: 'array', items: 'null' }, Buffer.concat([zigzag(2 ** 52 - 1), Buffer.from([0])])],
    ['very many empty records', { type: 'array', items: { type: 'record', name: 'E', fields: [] } }, Buffer.concat([zigzag(2 ** 40), Buffer.from([0])])],
    ['very many fields of nothing', doubling(40), Buffer.alloc(0)],
    ['one byte above 1 MiB', 'string', Buffer.concat([zigzag(MAX_VALUE_BYTES - 1), Buffer.alloc(MAX_VALUE_BYTES - 1, 0x61)])],
    ['a text that escapes make too large', 'string', Buffer.concat([zigzag(200_000), Buffer.alloc(200_000, 0x01)])],
  ])('of %s are too_large', (_, schema, payload) => {
    const before = process.memoryUsage().rss;
    expect(outcome(schema, payload)).toBe('too_large');
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('of exactly 1 MiB are read', () => {
    const length = MAX_VALUE_BYTES - 2;
    expect(read('string', Buffer.concat([zigzag(length), Buffer.alloc(length, 0x61)]))).toHaveLength(MAX_VALUE_BYTES);
  });

  /** Each record has two fields of the one before it: two to the power of `levels` values from no input at all. */
  function doubling(levels: number): unknown {
    let type: unknown = { type: 'record', name: 'R0', fields: [] };
    for (let level = 1; level <= levels; level++) type = { type: 'record', name: `R${level}`, fields: [{ name: 'a', type }, { name: 'b', type: `R${level - 1}` }] };
    return type;
  }
});

describe('a schema', () => {
  test.each<[string, string]>([
    ['text that is no JSON', '{'],
    ['a type that does not exist', '"nothing"'],
    ['a number', '1'],
    ['a record without fields', '{"type":"record","name":"r"}'],
    ['a record without a name', '{"type":"record","fields":[]}'],
    ['a field without a name', '{"type":"record","name":"r","fields":[{"type":"int"}]}'],
    ['a field without a type', '{"type":"record","name":"r","fields":[{"name":"a"}]}'],
    ['a fixed without a size', '{"type":"fixed","name":"f"}'],
    ['an enum without symbols', '{"type":"enum","name":"e"}'],
    ['two types of one name', '["null",{"type":"fixed","name":"f","size":1},{"type":"fixed","name":"f","size":2}]'],
    ['a name of Object.prototype', '"constructor"'],
    ['arrays without end', `${'{"type":"array","items":'.repeat(5000)}"int"${'}'.repeat(5000)}`],
    ['a decimal of a billion places', '{"type":"bytes","logicalType":"decimal","precision":1000000000,"scale":1000000000}'],
  ])('of %s is unsupported_schema', (_, schema) => {
    expect(() => avroReader(schema)).toThrow('unsupported_schema');
  });

  it('finds names in the namespace around them, then those without one', () => {
    const inner = { type: 'record', name: 'Inner', namespace: 'a.b', fields: [{ name: 'c', type: { type: 'enum', name: 'Colour', symbols: ['RED'] } }, { name: 'd', type: 'Colour' }] };
    const schema = { type: 'record', name: 'a.Outer', fields: [{ name: 'f', type: { type: 'fixed', name: 'F', namespace: '', size: 1 } }, { name: 'i', type: inner }, { name: 'j', type: 'b.Inner' }, { name: 'k', type: ['a.b.Inner'] }, { name: 'g', type: 'F' }] };
    const sound = { ...schema, fields: schema.fields.filter(({ name }) => name !== 'j') };
    expect(() => avroReader(JSON.stringify(schema))).toThrow('unsupported_schema');
    expect(read(sound, Buffer.from([1, 0, 0, 0, 0, 0, 2]))).toBe('{"f":"AQ==","i":{"c":"RED","d":"RED"},"k":{"c":"RED","d":"RED"},"g":"Ag=="}');
  });
});
