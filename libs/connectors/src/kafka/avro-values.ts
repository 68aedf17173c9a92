import { writeDecimal } from './avro-decimal';
import type { AvroInput } from './avro-input';
import { MICROS, MILLIS, NANOS, writeDate, writeTime, writeTimestamp } from './avro-time';
import type { JsonWriter } from './json-writer';
import { UnreadableValue } from './unreadable-value';

/** Reads one value and writes it as JSON. */
export type Translate = (input: AvroInput, out: JsonWriter) => void;

const NULL = Buffer.from('null');
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
/** Records inside records. */
const MAX_DEPTH = 64;

export const PRIMITIVES: Readonly<Record<string, Translate>> = {
  null: (_, out) => out.raw(NULL),
  boolean: (input, out) => {
    const byte = input.byte();
    if (byte > 1) throw new UnreadableValue();
    out.raw(byte === 1 ? TRUE : FALSE);
  },
  int: (input, out) => out.integer(input.int()),
  long: (input, out) => out.integer(input.long()),
  float: (input, out) => writeFloat(out, input.bytes.readFloatLE(input.take(4))),
  double: (input, out) => writeFloat(out, input.bytes.readDoubleLE(input.take(8))),
  string: (input, out) => {
    const from = input.take(input.length());
    out.text(input.bytes, from, input.at);
  },
  bytes: (input, out) => writeBase64(input, out, input.length()),
};

/** Logical types by the type beneath and their own name. Those with parameters, and those that only say what a text means, are not here. */
export const LOGICAL: Readonly<Record<string, Translate>> = {
  'int:date': (input, out) => writeDate(out, input.int()),
  'int:time-millis': (input, out) => writeTime(out, input.int(), MILLIS),
  'long:time-micros': (input, out) => writeTime(out, input.long(), MICROS),
  'long:timestamp-millis': (input, out) => writeTimestamp(out, input.long(), MILLIS, 'Z'),
  'long:timestamp-micros': (input, out) => writeTimestamp(out, input.long(), MICROS, 'Z'),
  'long:timestamp-nanos': (input, out) => writeTimestamp(out, input.long(), NANOS, 'Z'),
  // Local times are of no zone; what reads times without one takes them for UTC.
  'long:local-timestamp-millis': (input, out) => writeTimestamp(out, input.long(), MILLIS, ''),
  'long:local-timestamp-micros': (input, out) => writeTimestamp(out, input.long(), MICROS, ''),
  'long:local-timestamp-nanos': (input, out) => writeTimestamp(out, input.long(), NANOS, ''),
};

/** A decimal in bytes of any length, or in a fixed number of them. */
export function decimalOf(size: number | undefined, scale: number): Translate {
  return (input, out) => writeDecimal(input, out, size ?? input.length(), scale);
}

export function fixedOf(size: number): Translate {
  return (input, out) => writeBase64(input, out, size);
}

/** A UUID in 16 bytes, in its usual form. */
export function uuidOf(): Translate {
  return (input, out) => {
    const from = input.take(16);
    const hex = input.bytes.toString('hex', from, input.at);
    out.ascii(`"${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}"`);
  };
}

export function enumOf(symbols: readonly string[]): Translate {
  return oneOf(symbols.map((symbol) => {
    const json = asciiJson(symbol);
    return (_, out) => out.raw(json);
  }));
}

/** One of several, by a number in front of it: a union's branches, an enum's symbols. `branches` may be filled later. */
export function oneOf(branches: readonly Translate[]): Translate {
  return (input, out) => {
    const branch = branches[input.int()];
    if (!branch) throw new UnreadableValue();
    branch(input, out);
  };
}

/** A record of fields in this order; `fields` may be filled later, as a record can hold its own kind. */
export function recordOf(names: readonly string[], fields: readonly Translate[]): Translate {
  const leads = names.map((name, index) => Buffer.concat([Buffer.from(index === 0 ? '{' : ','), asciiJson(name), Buffer.from(':')]));
  const close = Buffer.from(names.length === 0 ? '{}' : '}');
  return (input, out) => {
    if (++input.depth > MAX_DEPTH) throw new UnreadableValue();
    // Records of records without a byte of input could go on nearly for ever.
    if (out.full) throw new UnreadableValue('too_large');
    for (let i = 0; i < leads.length; i++) {
      out.raw(leads[i] as Buffer);
      (fields[i] as Translate)(input, out);
    }
    out.raw(close);
    input.depth--;
  };
}

export function arrayOf(item: Translate): Translate {
  return (input, out) => writeBlocks(input, out, '[]', item);
}

export function mapOf(value: Translate): Translate {
  return (input, out) =>
    writeBlocks(input, out, '{}', () => {
      const from = input.take(input.length());
      out.text(input.bytes, from, input.at);
      out.byte(COLON);
      value(input, out);
    });
}

/** Blocks of values, each with their count before it, up to a count of 0. A count below zero has the block's size in bytes after it. */
function writeBlocks(input: AvroInput, out: JsonWriter, brackets: '[]' | '{}', write: Translate): void {
  out.byte(brackets.charCodeAt(0));
  let first = true;
  for (let count = input.long(); count !== 0; count = input.long()) {
    if (typeof count !== 'number') throw new UnreadableValue();
    if (count < 0) input.long();
    for (let left = Math.abs(count); left > 0; left--) {
      // Values without a byte of input are as many as the count says.
      if (out.full) throw new UnreadableValue('too_large');
      if (!first) out.byte(COMMA);
      first = false;
      write(input, out);
    }
  }
  out.byte(brackets.charCodeAt(1));
}

function writeFloat(out: JsonWriter, value: number): void {
  // JSON has no such numbers; as text every engine knows them.
  out.ascii(Number.isFinite(value) ? String(value) : `"${value}"`);
}

function writeBase64(input: AvroInput, out: JsonWriter, length: number): void {
  const from = input.take(length);
  out.byte(QUOTE);
  out.ascii(input.bytes.toString('base64', from, input.at));
  out.byte(QUOTE);
}

/** JSON of a name in ASCII, whatever its characters. */
function asciiJson(name: string): Buffer {
  return Buffer.from(JSON.stringify(name).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`));
}
