import fc from 'fast-check';

/** A schema, a value as avsc takes it, and the JSON text that the value must become: made side by side, neither from the other. */
export interface AvroCase {
  readonly schema: unknown;
  readonly value: unknown;
  readonly json: string;
}

const text = fc.string({ unit: 'binary', maxLength: 12 });

/** Cases of every kind of type, nested up to `depth` levels. Names are made unique by their place. */
export function avroCase(depth: number, place = 't'): fc.Arbitrary<AvroCase> {
  const leaves = [...PRIMITIVES, ...TIMES, decimal, enumeration(place), fixed(place)];
  if (depth === 0) return fc.oneof(...leaves);
  return fc.oneof(...leaves, record(depth, place), array(depth, place), map(depth, place), optional(depth, place));
}

/** A record whose fields are any cases. */
export function record(depth: number, place: string): fc.Arbitrary<AvroCase> {
  const fields = fc.integer({ min: 0, max: 4 }).chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => avroCase(depth - 1, `${place}_${i}`))));
  return fields.map((cases) => ({
    schema: { type: 'record', name: place, fields: cases.map(({ schema }, i) => ({ name: `f${i}`, type: schema })) },
    value: Object.fromEntries(cases.map(({ value }, i) => [`f${i}`, value])),
    json: `{${cases.map(({ json }, i) => `"f${i}":${json}`).join(',')}}`,
  }));
}

const long = fc.oneof(fc.bigInt({ min: -100n, max: 100n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 52n - 1n, 2n ** 52n, 10n ** 9n, 10n ** 18n));

const PRIMITIVES: readonly fc.Arbitrary<AvroCase>[] = [
  fc.constant({ schema: 'null', value: null, json: 'null' }),
  fc.boolean().map((value) => ({ schema: 'boolean', value, json: String(value) })),
  fc.integer().map((value) => ({ schema: 'int', value, json: String(value) })),
  long.map((value) => ({ schema: 'long', value, json: String(value) })),
  fc.float().map((value) => ({ schema: 'float', value, json: floatJson(value) })),
  fc.double().map((value) => ({ schema: 'double', value, json: floatJson(value) })),
  text.map((value) => ({ schema: 'string', value, json: JSON.stringify(value) })),
  fc.uuid().map((value) => ({ schema: { type: 'string', logicalType: 'uuid' }, value, json: JSON.stringify(value) })),
  fc.uint8Array({ maxLength: 20 }).map((value) => ({ schema: 'bytes', value: Buffer.from(value), json: `"${Buffer.from(value).toString('base64')}"` })),
];

/** From the year −271821 to the year 275760: what JavaScript's dates have. */
const milliseconds = fc.oneof(fc.integer({ min: -8_640_000_000_000_000, max: 8_640_000_000_000_000 }), fc.integer({ min: 0, max: 4_102_444_800_000 }));
const below = (count: number): fc.Arbitrary<number> => fc.nat(count - 1);

const TIMES: readonly fc.Arbitrary<AvroCase>[] = [
  fc.integer({ min: -100_000_000, max: 100_000_000 }).map((value) => ({ schema: { type: 'int', logicalType: 'date' }, value, json: `"${new Date(value * 86_400_000).toISOString().split('T')[0]}"` })),
  below(86_400_000).map((value) => ({ schema: { type: 'int', logicalType: 'time-millis' }, value, json: `"${iso(value, '').slice(11)}"` })),
  fc.tuple(below(86_400_000), below(1000)).map(([value, rest]) => ({ schema: { type: 'long', logicalType: 'time-micros' }, value: BigInt(value) * 1000n + BigInt(rest), json: `"${iso(value, pad(rest, 3)).slice(11)}"` })),
  milliseconds.map((value) => ({ schema: { type: 'long', logicalType: 'timestamp-millis' }, value: BigInt(value), json: `"${iso(value, '')}Z"` })),
  fc.tuple(milliseconds, below(1000)).map(([value, rest]) => ({ schema: { type: 'long', logicalType: 'timestamp-micros' }, value: BigInt(value) * 1000n + BigInt(rest), json: `"${iso(value, pad(rest, 3))}Z"` })),
  fc.tuple(milliseconds, below(1000)).map(([value, rest]) => ({ schema: { type: 'long', logicalType: 'local-timestamp-micros' }, value: BigInt(value) * 1000n + BigInt(rest), json: `"${iso(value, pad(rest, 3))}"` })),
  milliseconds.map((value) => ({ schema: { type: 'long', logicalType: 'local-timestamp-millis' }, value: BigInt(value), json: `"${iso(value, '')}"` })),
  fc.tuple(fc.integer({ min: -9e12, max: 9e12 }), below(1_000_000)).map(([value, rest]) => ({ schema: { type: 'long', logicalType: 'timestamp-nanos' }, value: BigInt(value) * 1_000_000n + BigInt(rest), json: `"${iso(value, pad(rest, 6))}Z"` })),
];

const decimal = fc.tuple(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), fc.nat(38), fc.nat(110), fc.boolean()).map(([digits, scale, shift, fixedSize]): AvroCase => {
  const unscaled = digits >> BigInt(shift);
  const bytes = twosComplement(unscaled, fixedSize ? 16 : undefined);
  const type = fixedSize ? { type: 'fixed', name: `d${bytes.length}_${scale}_${unscaled.toString().replace('-', 'm')}`, size: 16 } : { type: 'bytes' };
  const absolute = unscaled < 0n ? -unscaled : unscaled;
  const point = scale === 0 ? '' : `.${(absolute % 10n ** BigInt(scale)).toString().padStart(scale, '0')}`;
  return { schema: { ...type, logicalType: 'decimal', precision: 38, scale }, value: bytes, json: `"${unscaled < 0n ? '-' : ''}${absolute / 10n ** BigInt(scale)}${point}"` };
});

function enumeration(place: string): fc.Arbitrary<AvroCase> {
  return fc.constantFrom('A', 'b_1', '_c').map((value) => ({ schema: { type: 'enum', name: `${place}_enum`, symbols: ['A', 'b_1', '_c'] }, value, json: `"${value}"` }));
}

function fixed(place: string): fc.Arbitrary<AvroCase> {
  return fc.uint8Array({ minLength: 1, maxLength: 20 }).map((value) => ({ schema: { type: 'fixed', name: `${place}_fixed`, size: value.length }, value: Buffer.from(value), json: `"${Buffer.from(value).toString('base64')}"` }));
}

/** Of one type, with values of it that differ in nothing but how often they stand there. */
function array(depth: number, place: string): fc.Arbitrary<AvroCase> {
  return fc.tuple(avroCase(depth - 1, `${place}_item`), fc.nat(3)).map(([{ schema, value, json }, count]) => ({
    schema: { type: 'array', items: schema },
    value: Array.from({ length: count }, () => value),
    json: `[${Array.from({ length: count }, () => json).join(',')}]`,
  }));
}

function map(depth: number, place: string): fc.Arbitrary<AvroCase> {
  return fc.tuple(avroCase(depth - 1, `${place}_value`), fc.uniqueArray(text.filter((key) => !/^\d+$|^__proto__$/.test(key)), { maxLength: 3 })).map(([{ schema, value, json }, keys]) => ({
    schema: { type: 'map', values: schema },
    value: Object.fromEntries(keys.map((key) => [key, value])),
    json: `{${keys.map((key) => `${JSON.stringify(key)}:${json}`).join(',')}}`,
  }));
}

function optional(depth: number, place: string): fc.Arbitrary<AvroCase> {
  const inner = record(depth, `${place}_branch`);
  return fc.tuple(inner, fc.constantFrom('null', 'text', 'record')).map(([{ schema, value, json }, which]) => ({
    schema: ['null', schema, 'string'],
    value: which === 'null' ? null : which === 'text' ? { string: 'é"' } : { [`${place}_branch`]: value },
    json: which === 'null' ? 'null' : which === 'text' ? '"é\\""' : json,
  }));
}

function floatJson(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

/** JavaScript's own ISO text without its zone, with more digits after its milliseconds. */
function iso(value: number, more: string): string {
  return new Date(value).toISOString().replace('Z', more);
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}

function twosComplement(value: bigint, size: number | undefined): Buffer {
  let bytes = size ?? 1;
  while (BigInt.asIntN(8 * bytes, value) !== value) bytes++;
  return Buffer.from(BigInt.asUintN(8 * bytes, value).toString(16).padStart(2 * bytes, '0'), 'hex');
}
