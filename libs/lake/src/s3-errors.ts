import { isWeirError, WeirError } from '@weir/core';
import { TornRead } from '@weir/s3';

const FIX = 'Let the operator correct WEIR_LAKE and WEIR_LAKE_S3_…, which are the same for all services: the bucket has to be there, and the login may read, list, write and remove below the prefix.';

/**
 * What a bucket throws, in the lake's words: the store is the platform's own, and no definition can be corrected. LAKE_REFUSED for a bucket that is not there or a login that may not; SEGMENT_CORRUPT for what is missing or
 * damaged; UNAVAILABLE and CANCELLED as they are.
 */
export function lakeError(error: unknown, path: string): unknown {
  if (!isWeirError(error)) return error;
  const { message, place } = error;
  if (error instanceof TornRead) return new WeirError({ code: 'SEGMENT_CORRUPT', message, place }, { cause: error });
  // Of a key: with the bucket the place is the bucket alone.
  if (error.code === 'SOURCE_MISSING' && place?.includes('/')) return missing(path);
  if (error.code === 'SOURCE_MISSING' || error.code === 'SOURCE_REFUSED' || error.code === 'SOURCE_UNREADABLE') return new WeirError({ code: 'LAKE_REFUSED', message, place, fix: FIX }, { cause: error });
  return error;
}

/** What the lake should have and has not. */
export function missing(path: string): WeirError {
  return new WeirError({ code: 'SEGMENT_CORRUPT', message: `${path} is missing in the lake.` });
}
