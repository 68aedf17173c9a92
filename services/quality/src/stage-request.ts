import { WeirError, type Interval } from '@weir/core';
import type { ManifestReference } from '@weir/lake';
import type { SegmentSet, StageContext } from '@weir/rpc';

/** What every stage request names, checked to be there. */
export interface StageRequest {
  readonly pipeline: string;
  readonly runId: string;
  readonly attempt: string;
  readonly definitionVersion: number;
  /** Undefined for pipelines without a grain. */
  readonly interval: Interval | undefined;
  readonly segments: ManifestReference;
  /** Live work goes first. */
  readonly background: boolean;
  /** Of a realtime pipeline: the run brings the tables of its stream to what it publishes; a run of its archive does not. */
  readonly restates: boolean;
}

/** The parts of a stage request; INVALID_VALUE for one without them. `name` is the field of the segments. */
export function requestOf(context: StageContext | undefined, segments: SegmentSet | undefined, name: string): StageRequest {
  if (!context) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request has no context.' });
  if (!segments) throw new WeirError({ code: 'INVALID_VALUE', message: `The request has no segments in \`${name}\`.` });
  for (const field of ['pipeline', 'runId', 'attempt'] as const) {
    if (context[field] === '') throw new WeirError({ code: 'INVALID_VALUE', message: `\`${field}\` of the request's context is empty.` });
  }
  const { pipeline, runId, attempt, definitionVersion, interval, background, restates = false } = context;
  return { pipeline, runId, attempt, definitionVersion, interval, background, restates, segments: { manifest: segments.manifest, sha256: segments.sha256 } };
}
