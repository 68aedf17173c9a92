import type { AvroInput } from './avro-input';
import type { JsonWriter } from './json-writer';
import { UnreadableValue } from './unreadable-value';

const QUOTE = 0x22;
/** 154 digits: more than any column holds, and few enough that making text of them is quick. */
const MAX_BYTES = 64;

/** A decimal of `length` bytes, two's complement and big-endian, as a string of its exact digits. */
export function writeDecimal(input: AvroInput, out: JsonWriter, length: number, scale: number): void {
  const from = input.take(length);
  if (length > MAX_BYTES) throw new UnreadableValue();
  out.byte(QUOTE);
  if (length <= 6) writeScaled(out, length === 0 ? 0 : input.bytes.readIntBE(from, length), scale);
  else writeScaled(out, BigInt.asIntN(8 * length, BigInt(`0x${input.bytes.toString('hex', from, from + length)}`)), scale);
  out.byte(QUOTE);
}

function writeScaled(out: JsonWriter, unscaled: number | bigint, scale: number): void {
  if (scale === 0) return out.integer(unscaled);
  const text = unscaled.toString();
  const digits = text.startsWith('-') ? text.slice(1) : text;
  if (digits !== text) out.ascii('-');
  const padded = digits.padStart(scale + 1, '0');
  out.ascii(padded.slice(0, -scale));
  out.ascii('.');
  out.ascii(padded.slice(-scale));
}
