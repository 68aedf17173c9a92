import type { RawPart } from '@weir/connectors';
import { partitionsOf, WHOLE, type Definition, type Interval, type Take } from '@weir/core';
import type { Lake, Segment, Taking } from '@weir/lake';
import type { StageContext } from '@weir/rpc';
import type { ExtractCall } from './extract';
import { storePart } from './store-part';

/** The raw files of a slice of a source, and the partitions that it covers. */
export interface ExtractedFiles {
  readonly partitions: readonly string[];
  readonly segments: readonly Segment[];
  /** Of a source that is read in sequence: what the run takes, if anything, and what its last interval takes or took. */
  readonly taking?: Taking | undefined;
  readonly take?: Take | undefined;
}

/** The partitions of an interval, those without any data included. */
export function partitionsIn(interval: Interval | undefined, { grain }: Pick<Definition, 'grain'>): readonly string[] {
  return interval && grain !== undefined ? partitionsOf(interval, grain) : [WHOLE];
}

/** Stores what a source gives, one part after the other, in the order in which it comes. */
export async function extractParts(parts: AsyncIterable<RawPart>, { lake, context, dataset, partitions }: { readonly lake: Lake; readonly context: StageContext; readonly dataset: string; readonly partitions: readonly string[] }, { signal, report }: ExtractCall): Promise<ExtractedFiles> {
  const scratch = await lake.scratch(context.runId, context.attempt);
  const segments: Segment[] = [];
  try {
    for await (const part of parts) {
      segments.push(await storePart(part, { lake, pipeline: context.pipeline, dataset, scratch: scratch.dir, signal }));
      report({ step: 'read source', done: segments.length, total: 0 });
    }
    return { partitions, segments };
  } finally {
    await scratch.dispose();
  }
}
