import { isUtf8 } from 'node:buffer';
import type { DecodedValue } from '@weir/connectors';
import { POISON_MARK, RANGE_SEPARATOR, TOMBSTONE_MARK, VALUE_SEPARATOR, type BatchRange } from '@weir/core';
import type { RecordColumns } from './record-columns';

/** The two parameters of a micro-batch's statement. */
export interface BatchTexts {
  /** JSON of BatchRange[]. */
  readonly ranges: string;
  readonly texts: Buffer;
}

/** First byte of both marks. */
const MARK = 0x1f;

/**
 * The values as they came, where all of them can be text and none needs a mark: then nothing is done for each of them. Undefined where they cannot. A value that has a separator in it is not
 * found here; the statement counts more records then than there are.
 */
export function plainTexts(columns: RecordColumns): BatchTexts | undefined {
  const { values, lengths, starts, count, poisoned } = columns;
  if (poisoned.size > 0 || !isUtf8(values)) return undefined;
  for (let n = 0; n < count; n++) if ((lengths[n] ?? -1) < 0 || values[starts[n] ?? 0] === MARK) return undefined;
  // Without the separator behind the last value, and with another one between ranges.
  const texts = Buffer.from(values.subarray(0, -1));
  for (const { start } of columns.ranges.slice(1)) texts[(starts[start] ?? 0) - 1] = RANGE_SEPARATOR;
  return { ranges: rangesJson(columns), texts };
}

/** A record's value as it stands in the statement's parameter, or why it has none. */
export type RecordText = Buffer | { readonly reason: string };

/** The values one by one, with marks where they stand for tombstones and for records that give no row. */
export function markedTexts(columns: RecordColumns, textOf: (ordinal: number) => RecordText): BatchTexts {
  const pieces: Buffer[] = [];
  for (let ordinal = 0; ordinal < columns.count; ordinal++) {
    const text = textOf(ordinal);
    if (ordinal > 0) pieces.push(columns.rangeOf(ordinal).start === ordinal ? BETWEEN_RANGES : BETWEEN_VALUES);
    if (Buffer.isBuffer(text)) pieces.push(text);
    else pieces.push(Buffer.from(POISON_MARK + text.reason));
  }
  return { ranges: rangesJson(columns), texts: Buffer.concat(pieces) };
}

const BETWEEN_VALUES = Buffer.of(VALUE_SEPARATOR);
const BETWEEN_RANGES = Buffer.of(RANGE_SEPARATOR);
const TOMBSTONE = Buffer.from(TOMBSTONE_MARK);

/** The text of a value that was decoded, or is text by itself; `null` is a tombstone of the key. */
export function recordText(value: Buffer | DecodedValue, key: Buffer | DecodedValue): RecordText {
  if (value !== null) return clean(value);
  const text = key === null ? EMPTY : clean(key);
  return Buffer.isBuffer(text) ? Buffer.concat([TOMBSTONE, text]) : text;
}

const EMPTY = Buffer.alloc(0);

function clean(value: Buffer | Exclude<DecodedValue, null>): RecordText {
  if (typeof value === 'object' && 'reason' in value) return value;
  const text = typeof value === 'string' ? Buffer.from(value) : value;
  if (!isUtf8(text)) return { reason: 'invalid_utf8' };
  // No JSON text has these bytes, and here they would be taken for what they mean in the parameter.
  return text.includes(VALUE_SEPARATOR) || text.includes(RANGE_SEPARATOR) || text[0] === MARK ? { reason: 'undecodable' } : text;
}

function rangesJson({ ranges }: RecordColumns): string {
  return JSON.stringify(ranges.map(({ name, offset, start, grain }): BatchRange => ({ name, first: offset, start, grain })));
}
