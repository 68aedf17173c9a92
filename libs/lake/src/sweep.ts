import { mapFileError } from './durable';
import type { Lake } from './lake';
import type { LakeEntry } from './store';

/**
 * Everything below a folder, in pages of at most 500 entries; memory does not grow with their number. A folder that is not there has nothing,
 * what vanishes meanwhile is left out. Throws INVALID_VALUE for a folder outside the lake.
 */
export async function* sweep(lake: Lake, folder: string): AsyncGenerator<readonly LakeEntry[]> {
  lake.absolute(folder);
  yield* lake.store.list(folder);
}

/**
 * Removes a file unless it was written, or wanted again by somebody who would have written the same, after `beforeMs`; says whether this call removed it.
 * Nobody who wants the file meanwhile loses it.
 */
export async function removeUntouched(lake: Lake, path: string, beforeMs: number): Promise<boolean> {
  return lake.store.removeUntouched(path, beforeMs).catch((error: unknown) => {
    throw mapFileError(error, path);
  });
}

/** Removes folders that are empty, from this one upwards, as long as their paths have at least `depth` names. */
export function removeEmptyFolders(lake: Lake, folder: string, depth: number): Promise<void> {
  return lake.store.removeEmptyFolders(folder, depth);
}
