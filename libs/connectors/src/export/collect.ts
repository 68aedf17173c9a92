import { posix } from 'node:path';
import { MAX_MANIFEST_BYTES, manifestFolder, parseManifestName, type ExportManifest } from './manifest';
import type { ExportStore, StoredFile } from './store';

/** How long a version stays that no longer holds: whoever has read its pointer can read its files as long. */
export const GRACE_MS = 24 * 3_600_000;

/** Versions that one load removes. There is one more with each load, so that they do not grow. */
const MOST_REMOVED = 10;

/** A manifest by what its name says. */
interface NamedManifest extends StoredFile {
  readonly snapshot: number;
  readonly commit: string;
  readonly after: string | null;
}

/**
 * Removes manifests that did not hold for the last 24 hours, or never did, with those of the files they brought that no other version has.
 *
 * A version that held in that time was followed by one whose manifest is younger, and which names it in `after`. A file that a version brought and a later one still has is in the one that came next: files that were let go do not come back.
 */
export async function collectExport(store: ExportStore, current: ExportManifest, before: ExportManifest | undefined, nowMs: number): Promise<void> {
  const all = (await store.list(manifestFolder(current.pipeline))).flatMap((file): NamedManifest[] => {
    const said = parseManifestName(posix.basename(file.path));
    return said ? [{ ...file, ...said }] : [];
  });
  const young = all.filter(({ modifiedMs }) => modifiedMs > nowMs - GRACE_MS);
  const held = new Set([current.commit, before?.commit, ...young.map(({ after }) => after)]);
  const wanted = new Set([...held, ...young.map(({ commit }) => commit)]);
  const gone = all.filter(({ commit }) => !wanted.has(commit)).sort(bySnapshot);
  const staying = all.filter(({ commit }) => held.has(commit)).sort(bySnapshot);
  for (const old of gone.slice(0, MOST_REMOVED)) {
    const others = [...staying.filter(({ snapshot }) => snapshot === old.snapshot), ...staying.filter(({ snapshot }) => snapshot > old.snapshot).slice(0, 1)];
    await removeVersion(store, old, [current, ...(await manifestsOf(store, others))]);
  }
}

function bySnapshot(one: NamedManifest, other: NamedManifest): number {
  return one.snapshot - other.snapshot;
}

async function manifestsOf(store: ExportStore, files: readonly StoredFile[]): Promise<ExportManifest[]> {
  const found = await Promise.all(files.map(({ path }) => store.read(path, MAX_MANIFEST_BYTES)));
  return found.flatMap((file) => (file ? [JSON.parse(file.bytes.toString()) as ExportManifest] : []));
}

/** The manifest goes last: without it nobody would find the files again. */
async function removeVersion(store: ExportStore, old: NamedManifest, others: readonly ExportManifest[]): Promise<void> {
  const had = await manifestsOf(store, [old]);
  const kept = new Set(others.flatMap(filesOf));
  await store.remove(had.flatMap(filesOf).filter((path) => posix.basename(path).startsWith(`${old.commit}-`) && !kept.has(path)));
  await store.remove([old.path]);
}

function filesOf({ tables }: ExportManifest): string[] {
  return tables.flatMap(({ files }) => files.map(({ path }) => path));
}
