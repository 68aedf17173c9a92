import type { PoisonReason } from '@weir/core';

/** The reasons for which a record batch as a whole gives no records. */
export type BatchFault = Extract<PoisonReason, 'codec_unknown' | 'inflated_too_large' | 'compressed_corrupt' | 'records_corrupt' | 'too_many_records'>;
