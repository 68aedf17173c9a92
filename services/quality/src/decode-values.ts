import type { RecordDecoder } from '@weir/connectors';
import { recordText, type RecordText } from './batch-texts';

/** First byte of the Confluent wire format. */
const MAGIC = 0;

/** A record's value and key as they came. */
export interface KeyedValue {
  readonly value: Buffer | null;
  readonly key: Buffer | null;
}

/**
 * What stands for records whose values a registry describes. All of them are decoded at once: while the registry is away none is, and none is taken for poison.
 * Keys are only looked at where they are all that a record has; those that are not in the registry's format are text. Throws what the decoder throws.
 */
export async function decodeValues(decoder: RecordDecoder, records: readonly KeyedValue[]): Promise<RecordText[]> {
  const values = await decoder.decode(records.map(({ value }) => value));
  const framed = records.flatMap(({ value, key }, n) => (value === null && key?.[0] === MAGIC ? [{ key, n }] : []));
  const decoded = framed.length === 0 ? [] : await decoder.decode(framed.map(({ key }) => key));
  const keys = new Map(framed.map(({ n }, index) => [n, decoded[index] ?? null]));
  return records.map(({ key }, n) => recordText(values[n] ?? null, keys.get(n) ?? key));
}
