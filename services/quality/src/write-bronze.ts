import { join } from 'node:path';
import { BRONZE_ROWS } from '@weir/core';
import { writeParquet, type Engine } from '@weir/engine';
import { segmentPath, type Segment } from '@weir/lake';
import type { SegmentSet } from '@weir/rpc';
import type { PartitionAccounts } from './accounts';
import type { Work } from './work';

/** Writes the admitted rows as staged bronze; gives the manifest that lists every partition of the run, those without rows too. */
export async function writeBronze(work: Work, engine: Engine, partitions: readonly PartitionAccounts[]): Promise<SegmentSet> {
  const { lake, stage, definition, dir } = work;
  const dataset = `bronze.${definition.source.dataset}`;
  const files = await writeParquet(engine, { select: `select * from ${BRONZE_ROWS}`, dir: join(dir, 'bronze'), name: dataset, sorted: true });
  const segments: Segment[] = [];
  for (const [index, file] of files.entries()) {
    const path = segmentPath(stage.pipeline, dataset, stage.runId, stage.attempt, index);
    const { bytes, sha256 } = await lake.adopt(file.path, path);
    segments.push({ path, rows: file.rows, bytes, sha256, partitions: file.partitions.map(({ partition }) => partition) });
  }
  const rows = partitions.map(({ partition, admitted }) => ({ partition, rows: admitted }));
  return lake.writeManifest({ version: 1, pipeline: stage.pipeline, runId: stage.runId, stage: 'validate', attempt: stage.attempt, datasets: [{ dataset, partitions: rows, segments }] });
}
