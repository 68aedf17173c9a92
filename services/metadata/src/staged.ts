import { WeirError, type Definition, type Interval } from '@weir/core';
import type { Manifest, ManifestDataset, ManifestReference, Taking } from '@weir/lake';
import type { Dependencies } from './dependencies';
import { publishedRawSegments } from './published-raw';
import { intervalOf, type RunRow } from './run-row';
import { scopeOf, type RunScope } from './run-scope';
import { contentOf, verifySegments } from './verify-segments';

/** What a run staged, read from its manifests, with every file verified. */
export interface Staged {
  readonly scope: RunScope;
  readonly datasets: readonly ManifestDataset[];
  /** What it takes of a source that is read in sequence. */
  readonly taking: Taking | undefined;
}

/**
 * Reads a run's manifests and verifies them and every file they name by size and hash, save for raw files that are published of the same interval: they were verified then, and an archive
 * lists them again every minute.
 * Throws SEGMENT_CORRUPT for what is missing or differs, and INVALID_VALUE unless they hold exactly the run's datasets, each with exactly the run's partitions:
 * a partition that was left out would keep its old rows in the new snapshot.
 */
export async function readStaged({ lake, pool }: Pick<Dependencies, 'lake' | 'pool'>, references: readonly ManifestReference[], run: RunRow, definition: Definition, signal?: AbortSignal): Promise<Staged> {
  const scope = scopeOf(definition, { kind: run.kind, startAt: run.start_at, interval: intervalOf(run) });
  const manifests = await Promise.all(references.map(async (reference) => assertOwn(await lake.readManifest(reference), reference, run)));
  const datasets = manifests.flatMap((manifest) => manifest.datasets);
  assertComplete(datasets, scope);
  for (const dataset of datasets) assertPartitions(dataset, scope);
  const known = await publishedRaw(pool, definition, scope.interval);
  await verifySegments(lake, datasets.flatMap((dataset) => dataset.segments).filter((segment) => !known.has(contentOf(segment))), signal);
  return { scope, datasets, taking: manifests.find(({ taking }) => taking)?.taking };
}

/** A run publishes its own manifests, and the raw one of an earlier run that it was begun with. */
function assertOwn(manifest: Manifest, reference: ManifestReference, run: RunRow): Manifest {
  if (manifest.runId === run.run_id && manifest.pipeline === run.pipeline) return manifest;
  if (run.raw?.manifest === reference.manifest && run.raw.sha256 === reference.sha256) return manifest;
  throw refused(`The manifest of stage ${manifest.stage} is of run ${manifest.runId} of ${manifest.pipeline}, not of run ${run.run_id} of ${run.pipeline}.`);
}

/** Every dataset of the run once, save for those that it may leave out. */
function assertComplete(datasets: readonly ManifestDataset[], scope: RunScope): void {
  const staged = datasets.map((dataset) => dataset.dataset);
  const twice = staged.find((name, index) => staged.indexOf(name) !== index);
  const unknown = staged.find((name) => !scope.datasets.includes(name));
  const missing = scope.datasets.find((name) => !scope.optional.includes(name) && !staged.includes(name));
  if (twice) throw refused(`The dataset ${twice} is staged by two manifests.`);
  if (unknown) throw refused(`The run does not publish the dataset ${unknown}; it publishes ${scope.datasets.join(', ')}.`);
  if (missing) throw refused(`The dataset ${missing} of the run was not staged.`);
}

function assertPartitions({ dataset, partitions, segments }: ManifestDataset, scope: RunScope): void {
  const rows = new Map(partitions.map((partition) => [partition.partition, partition.rows]));
  const missing = scope.partitions.find((partition) => !rows.has(partition));
  if (missing !== undefined) throw refused(`The partition ${missing} of ${dataset} was not staged; a partition without rows is listed with 0.`);
  if (partitions.length !== scope.partitions.length) throw refused(`${dataset} has ${partitions.length} staged partitions; the run has ${scope.partitions.length}.`);
  const held = new Set(segments.flatMap((segment) => segment.partitions));
  const stray = [...held].find((partition) => !rows.has(partition));
  if (stray !== undefined) throw refused(`A segment of ${dataset} has the partition ${stray}, which the run does not have.`);
  const lost = partitions.find((partition) => partition.rows > 0 && !held.has(partition.partition));
  if (lost) throw refused(`The partition ${lost.partition} of ${dataset} has ${lost.rows} rows and no segment.`);
}

/** The raw files that are live in an interval, as contentOf says them. */
async function publishedRaw(pool: Dependencies['pool'], { name, source }: Definition, interval: Interval | undefined): Promise<ReadonlySet<string>> {
  return new Set((await publishedRawSegments(pool, { pipeline: name, dataset: source.dataset, interval })).map(contentOf));
}

function refused(message: string): WeirError {
  return new WeirError({ code: 'INVALID_VALUE', message, fix: 'Report it with the manifests of the run: this is a defect of a stage.' });
}
