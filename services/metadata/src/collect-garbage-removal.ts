import { dirname } from 'node:path';
import { sideBySide } from '@weir/core';
import { isCompacted, removeEmptyFolders, removeUntouched, type Lake, type LakeEntry } from '@weir/lake';
import type { CollectCall } from './collect-garbage';

/** Files of one dataset. */
export interface FileCounts {
  readonly files: number;
  readonly bytes: number;
}

/** Files that are removed at once. */
const CONCURRENT = 8;

/** What a collection takes out of the lake, counted by dataset; a dry run only counts. */
export class Removal {
  readonly counts = new Map<string, FileCounts>();
  private seen = 0;

  constructor(
    private readonly lake: Lake,
    private readonly dryRun: boolean,
    /** Qualified names that files are counted under; all others are counted under none. */
    private readonly datasets: ReadonlySet<string>,
    private readonly call: CollectCall,
  ) {}

  /** Says that a page of the lake was looked at. Throws CANCELLED. */
  looked(entries: number): void {
    this.call.signal.throwIfAborted();
    this.seen += entries;
    this.call.report({ step: 'files', done: this.seen, total: 0 });
  }

  /** Removes entries, files that were touched since `beforeMs` excepted, and folders that thereby become empty, down to paths of `depth` names; undefined: no folder. */
  async take(entries: readonly LakeEntry[], beforeMs: number, depth: number | undefined): Promise<void> {
    await sideBySide(entries.filter(({ kind }) => kind === 'file'), CONCURRENT, (file) => this.takeFile(file, beforeMs));
    if (this.dryRun || depth === undefined) return;
    // The folder of a day is not a run's: somebody may be about to write there, unless it has been empty for long.
    const own = entries.filter(({ kind, path }) => kind === 'folder' || !isCompacted(path));
    const folders = new Set(own.map(({ kind, path }) => (kind === 'folder' ? path : dirname(path))));
    for (const folder of folders) await removeEmptyFolders(this.lake, folder, depth);
  }

  private async takeFile({ path, bytes }: LakeEntry, beforeMs: number): Promise<void> {
    this.call.signal.throwIfAborted();
    if (!this.dryRun && !(await removeUntouched(this.lake, path, beforeMs))) return;
    const [zone = '', , name = ''] = path.split('/');
    const dataset = this.datasets.has(`${zone}.${name}`) ? `${zone}.${name}` : '';
    const known = this.counts.get(dataset) ?? { files: 0, bytes: 0 };
    this.counts.set(dataset, { files: known.files + 1, bytes: known.bytes + bytes });
  }
}
