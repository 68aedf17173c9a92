import { sourceDataset, WeirError, type ContractDataset, type Definition, type FileLayout } from '@weir/core';
import type { Manifest, ManifestDataset } from '@weir/lake';

/** The contract of a pipeline's source dataset, as sourceDataset gives it. */
export function sourceContract(definition: Definition): ContractDataset {
  const found = sourceDataset(definition);
  if (!found) throw new WeirError({ code: 'UNKNOWN_DATASET', message: `The contract of ${definition.name} has no dataset \`${definition.source.dataset}\`.` });
  return found;
}

/** How the raw files of a pipeline are written: all sources but topics give files. */
export function fileLayout({ name, source }: Definition): FileLayout {
  if (source.type === 'kafka') throw new WeirError({ code: 'INVALID_VALUE', message: `The pipeline ${name} reads no files.` });
  return source.layout;
}

/** The source's raw files in a manifest. Throws SEGMENT_CORRUPT for a manifest without them. */
export function rawDataset(manifest: Manifest, definition: Definition): ManifestDataset {
  const name = `raw.${definition.source.dataset}`;
  const found = manifest.datasets.find(({ dataset }) => dataset === name);
  if (!found) throw new WeirError({ code: 'SEGMENT_CORRUPT', message: `The manifest of run ${manifest.runId} has no dataset ${name}.` });
  return found;
}
