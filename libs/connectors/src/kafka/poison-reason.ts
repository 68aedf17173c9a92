/**
 * Why a Kafka record cannot become a row, as quarantine shows it: the closed set of reasons with a sentence for people.
 * The first five are about a whole record batch, the others about one value.
 */
export const POISON_REASONS = {
  codec_unknown: 'The record batch is compressed with a codec that Kafka does not have.',
  inflated_too_large: 'The record batch is larger than 32 MiB when it is decompressed.',
  compressed_corrupt: 'The record batch cannot be decompressed.',
  records_corrupt: 'The record batch does not hold the records that its header announces.',
  too_many_records: 'The record batch holds more than 200,000 records and headers.',
  too_short: 'The value is shorter than the five bytes that name its schema.',
  wrong_magic: 'The value does not begin with the zero byte of the Confluent wire format.',
  unknown_schema: 'The schema registry has no schema of the id that the value names.',
  unsupported_schema: 'The schema that the value names is of another type than the source declares, or uses what Weir does not support.',
  undecodable: 'The value is not valid for the schema that it names.',
  too_large: 'The value is larger than 1 MiB as JSON.',
} as const;

export type PoisonReason = keyof typeof POISON_REASONS;

/** The reasons for which a record batch as a whole gives no records. */
export type BatchFault = Extract<PoisonReason, 'codec_unknown' | 'inflated_too_large' | 'compressed_corrupt' | 'records_corrupt' | 'too_many_records'>;
