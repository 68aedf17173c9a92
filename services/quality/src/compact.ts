import { compactDataset } from '@weir/engine';
import { compactedPath } from '@weir/lake';
import { StageGate, withSpan } from '@weir/platform';
import { withProgress, type CompactRequest, type CompactResponse } from '@weir/rpc';
import type { Dependencies } from './dependencies';

/** One at a time, beside the places of stages: neither waits for the other. */
const CONCURRENT = 1;

/**
 * Rewrites the published files of a pipeline's bronze into few sorted ones for each day. Sends progress, then the result.
 * Throws PIPELINE_NOT_FOUND, BUSY, CANCELLED, SEGMENT_CORRUPT, DISK_FULL, UNAVAILABLE and what the engine throws.
 */
export function compactor({ lake, catalog, engine, compaction }: Pick<Dependencies, 'lake' | 'catalog' | 'compaction' | 'engine'>): (request: CompactRequest, send: (response: CompactResponse) => Promise<void>, signal: AbortSignal) => Promise<void> {
  const gate = new StageGate(CONCURRENT);
  const place = { catalog: compaction, lake, pathOf: compactedPath, engine };
  return async ({ pipeline, settleMs, dryRun }, send, signal) => {
    const definition = await catalog.newest(pipeline, signal);
    const dataset = `bronze.${definition.source.dataset}`;
    const done = await withProgress(
      (value) => send({ event: { $case: 'progress', value } }),
      (report) => gate.run(signal, () => withSpan('compact', { 'weir.pipeline': pipeline, 'weir.dataset': dataset }, () => compactDataset(place, { definition, dataset, settleMs, dryRun, signal, report }))),
    );
    await send({ event: { $case: 'result', value: { datasets: done.days + done.skipped > 0 ? [done] : [] } } });
  };
}
