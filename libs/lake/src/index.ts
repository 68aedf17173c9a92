export { Lake, type Scratch } from './lake';
export { digestFile, type Digest, mapFileError } from './durable';
export type { Manifest, ManifestDataset, ManifestReference, Segment, Taking } from './manifest';
export { openLake, type LakePlace } from './open-lake';
export { compactedPath, isCompacted, manifestPath, rawPath, segmentPath, type CompactedPlace } from './paths';
export { type LakeEntry, SWEEP_PAGE } from './store';
export { removeEmptyFolders, removeUntouched, sweep } from './sweep';
