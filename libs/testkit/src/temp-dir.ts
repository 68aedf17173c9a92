import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A private folder for one test. */
export interface TempDir {
  /** Absolute, without symbolic links on the way. */
  readonly path: string;
  dispose(): Promise<void>;
}

/** Creates an empty folder below the system's temporary folder; the caller disposes of it in afterEach or afterAll. */
export async function tempDir(): Promise<TempDir> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'weir-test-')));
  return { path, dispose: () => rm(path, { recursive: true, force: true }) };
}
