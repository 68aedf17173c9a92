/**
 * Why a record gives no row: rule ids of quarantine, each with its sentence for people. What is found before a value is read comes first.
 * The list is closed; a consumer, a decoder and the decoding SQL name its entries.
 */
export const POISON_REASONS = [
  ['codec_unknown', 'The record batch is compressed with a codec that does not exist.'],
  ['inflated_too_large', 'The record batch is more than 32 MiB when it is inflated.'],
  ['compressed_corrupt', 'The record batch cannot be inflated.'],
  ['records_corrupt', 'The record batch does not hold the records that its header says.'],
  ['too_many_records', 'The record batch holds more than 200,000 records and record headers.'],
  ['too_large', 'The record is larger than 1 MiB.'],
  ['invalid_utf8', 'The value is not UTF-8.'],
  ['wrong_magic', 'The value does not begin with the byte 0 of the Confluent wire format.'],
  ['too_short', 'The value is too short for the Confluent wire format.'],
  ['unknown_schema', 'The registry does not have the schema that the value names.'],
  ['unsupported_schema', 'The schema that the value names is of another type than the source says, or needs what Weir does not support.'],
  ['undecodable', 'The value cannot be read: it is not of the form that the source says.'],
  ['tombstone_without_key', 'The record has no value, and the contract has no key that it could delete.'],
  ['inexact_number', 'A number has more digits than JSON keeps exact.'],
  ['nul_character', 'A text of the record has a NUL character, which tables cannot hold.'],
] as const;

export type PoisonReason = (typeof POISON_REASONS)[number][0];
