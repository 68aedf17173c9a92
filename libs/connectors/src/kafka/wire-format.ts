/** A value in the Confluent wire format: the id of its schema in the registry, and what was written with that schema. */
export interface FramedValue {
  readonly schemaId: number;
  readonly payload: Buffer;
}

const HEADER_BYTES = 5;

/** Takes a zero byte and a schema id of four bytes off a value, or says which of them is not there. The payload is a view. */
export function wireFormat(value: Buffer): FramedValue | 'wrong_magic' | 'too_short' {
  if (value.length > 0 && value[0] !== 0) return 'wrong_magic';
  if (value.length < HEADER_BYTES) return 'too_short';
  return { schemaId: value.readUInt32BE(1), payload: value.subarray(HEADER_BYTES) };
}
