import { BackfillOnly, BackfillOrder } from '@weir/rpc';
import type { BackfillOnlyWord, BackfillOrderWord } from '../workflows/backfill-request';

/** A backfill's words on Temporal's wire as those of gRPC's. */
export const ONLY: Readonly<Record<BackfillOnlyWord, BackfillOnly>> = { missing: BackfillOnly.MISSING, failed: BackfillOnly.FAILED, stale: BackfillOnly.STALE, all: BackfillOnly.ALL };
export const ORDER: Readonly<Record<BackfillOrderWord, BackfillOrder>> = { oldest: BackfillOrder.OLDEST, newest: BackfillOrder.NEWEST };
