import { qualifiedName } from '@weir/core';
import { compactDataset, type CompactedDataset } from '@weir/engine';
import { compactedPath } from '@weir/lake';
import { StageGate, withSpan } from '@weir/platform';
import { withProgress, type CompactRequest, type CompactResponse } from '@weir/rpc';
import type { Dependencies } from './dependencies';

/** One at a time, beside the places of stages: neither waits for the other. */
const CONCURRENT = 1;

/**
 * Rewrites the published files of a pipeline's models into few sorted ones for each day, one model after the other. Sends progress, then the result.
 * Throws PIPELINE_NOT_FOUND, BUSY, CANCELLED, SEGMENT_CORRUPT, DISK_FULL, UNAVAILABLE and what the engine throws.
 */
export function compactor({ lake, metadata, engine, compaction }: Pick<Dependencies, 'lake' | 'metadata' | 'compaction' | 'engine'>): (request: CompactRequest, send: (response: CompactResponse) => Promise<void>, signal: AbortSignal) => Promise<void> {
  const gate = new StageGate(CONCURRENT);
  const place = { catalog: compaction, lake, pathOf: compactedPath, engine };
  return async ({ pipeline, settleMs, dryRun }, send, signal) => {
    const definition = await metadata.newest(pipeline, signal);
    const compact = async (dataset: string, report: Parameters<Parameters<typeof withProgress>[1]>[0]): Promise<CompactedDataset> =>
      withSpan('compact', { 'weir.pipeline': pipeline, 'weir.dataset': dataset }, () => compactDataset(place, { definition, dataset, settleMs, dryRun, signal, report }));
    const datasets = await withProgress(
      (value) => send({ event: { $case: 'progress', value } }),
      (report) =>
        gate.run(signal, async () => {
          const done: CompactedDataset[] = [];
          for (const dataset of definition.models.map(qualifiedName).sort()) done.push(await compact(dataset, report));
          return done;
        }),
    );
    await send({ event: { $case: 'result', value: { datasets: datasets.filter(({ days, skipped }) => days + skipped > 0) } } });
  };
}
