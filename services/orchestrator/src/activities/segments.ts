import { WeirError } from '@weir/core';
import type { SegmentSet } from './shapes';

/** The reference a stage's result must carry; a service that leaves it out is broken. Throws INTERNAL. */
export function segments(set: SegmentSet | undefined, rpc: string): SegmentSet {
  if (!set) throw new WeirError({ code: 'INTERNAL', message: `${rpc} gave a result without segments.` });
  const { manifest, sha256, rows, bytes } = set;
  return { manifest, sha256, rows, bytes };
}
