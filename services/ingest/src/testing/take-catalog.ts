import { FILES, type Interval, type Take } from '@weir/core';
import type { Lake } from '@weir/lake';
import type { ExtractResult, ListTakesRequest, ListTakesResponse, TakenFile } from '@weir/rpc';
import type { Metadata } from '../metadata';

/** What metadata keeps of a source that is read in sequence: takes and files are pinned by a publish, which holds only while the last take is the one that the run knew. */
export class TakeCatalog implements Pick<Metadata, 'takes' | 'takenFiles'> {
  readonly pinned: Take[] = [];
  readonly files: TakenFile[] = [];
  /** Names in each question. */
  readonly asked: number[] = [];

  constructor(private readonly lake: Lake) {}

  readonly takes = ({ interval, source }: ListTakesRequest): AsyncIterable<ListTakesResponse> => this.pages(interval, source);

  private async *pages(interval: Interval | undefined, source: string): AsyncGenerator<ListTakesResponse> {
    const within = ({ partition }: { partition: string }): boolean => interval !== undefined && partition >= interval.start && partition < interval.end;
    yield { last: this.pinned.at(-1), position: this.pinned.findLast((take) => take.source === source), takes: [], files: [] };
    yield { takes: this.pinned.filter(within), files: [] };
    for (const file of this.files.filter(within)) yield { takes: [], files: [file] };
  }

  readonly takenFiles = async (_pipeline: string, names: readonly string[]): Promise<readonly TakenFile[]> => {
    this.asked.push(names.length);
    const wanted = new Set(names);
    return [...new Map(this.files.map((file) => [file.name, file])).values()].filter(({ name }) => wanted.has(name));
  };

  /** Whether the publish took place. */
  async publish({ raw }: ExtractResult): Promise<boolean> {
    const { datasets, taking } = await this.lake.readManifest(raw ?? { manifest: '', sha256: '' });
    if (!taking) return true;
    if ((this.pinned.at(-1)?.partition ?? '') !== taking.last) return false;
    const stamps = new Map(taking.stamps);
    this.pinned.push(...taking.takes);
    for (const { partition, source } of taking.takes) {
      if (source !== FILES) continue;
      const segments = datasets.flatMap((dataset) => dataset.segments).filter(({ partitions }) => partitions.includes(partition));
      this.files.push(...segments.map(({ source: name = '', bytes, sha256 }) => ({ partition, name, bytes, sha256, stamp: stamps.get(name) ?? '' })));
    }
    const newest = new Map(this.files.map((file, at) => [file.name, at]));
    for (const [name, stamp] of taking.stamps) {
      const at = newest.get(name);
      const file = at === undefined ? undefined : this.files[at];
      if (at !== undefined && file) this.files[at] = { ...file, stamp };
    }
    return true;
  }
}
