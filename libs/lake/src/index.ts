export { Lake, type Scratch } from './lake';
export { type Digest, mapFileError } from './durable';
export type { Manifest, ManifestDataset, ManifestReference, Segment, Taking } from './manifest';
export { manifestPath, rawPath, segmentPath } from './paths';
export { removeEmptyFolders, removeUntouched, sweep, SWEEP_PAGE, type LakeEntry } from './sweep';
