export { Lake, type Scratch } from './lake';
export { digestFile, type Digest, mapFileError } from './durable';
export type { Manifest, ManifestDataset, ManifestReference, Segment, Taking } from './manifest';
export { compactedPath, isCompacted, manifestPath, rawPath, segmentPath, type CompactedPlace } from './paths';
export { removeEmptyFolders, removeUntouched, sweep, SWEEP_PAGE, type LakeEntry } from './sweep';
