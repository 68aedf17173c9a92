import { WeirError, type AppliedPipelines, type Definition } from '@weir/core';
import type { ManifestDataset } from '@weir/lake';
import type { LiveSegment } from '@weir/rpc';
import type { Metadata } from '../metadata';

interface Published {
  readonly snapshot: number;
  readonly datasets: readonly ManifestDataset[];
}

/** What metadata knows of several pipelines: their newest definitions and all they published, a publish replacing the partitions that it names. */
export class Catalog implements AppliedPipelines {
  private readonly definitions = new Map<string, Definition>();
  private readonly publishes = new Map<string, Published[]>();

  apply(definition: Definition): Definition {
    this.definitions.set(definition.name, definition);
    return definition;
  }

  newest(pipeline: string): Promise<Definition | undefined> {
    return Promise.resolve(this.definitions.get(pipeline));
  }

  names(): Promise<readonly string[]> {
    return Promise.resolve([...this.definitions.keys()]);
  }

  /** Makes staged datasets live, and gives the snapshot. */
  publish(pipeline: string, datasets: Iterable<ManifestDataset>): number {
    const before = this.publishes.get(pipeline) ?? [];
    const snapshot = before.length + 1;
    this.publishes.set(pipeline, [...before, { snapshot, datasets: [...datasets] }]);
    return snapshot;
  }

  /** The catalog as transform sees it; `definition` is the one that the run pinned. */
  metadata(definition: Definition): Metadata {
    const known = async (pipeline: string): Promise<Definition> => {
      const newest = await this.newest(pipeline);
      if (!newest) throw new WeirError({ code: 'PIPELINE_NOT_FOUND', message: `No pipeline ${pipeline}.` });
      return newest;
    };
    return {
      definition: () => Promise.resolve(definition),
      newest: known,
      newestVersion: async (pipeline) => ({ version: 1, definition: await known(pipeline) }),
      applied: () => this,
      published: async (pipeline) => {
        await known(pipeline);
        return new Map((this.publishes.get(pipeline) ?? []).flatMap(({ snapshot, datasets }) => datasets.map(({ dataset }) => [dataset, snapshot])));
      },
      snapshot: (pipeline, snapshot, datasets) => {
        if (snapshot < 1) throw new Error('0 is the newest snapshot: no test means that');
        return Promise.resolve(new Map(datasets.map((dataset) => [dataset, this.live(pipeline, snapshot, dataset)])));
      },
    };
  }

  private live(pipeline: string, snapshot: number, name: string): LiveSegment[] {
    const replaced = new Set<string>();
    const live: LiveSegment[] = [];
    const publishes = (this.publishes.get(pipeline) ?? []).filter((publish) => publish.snapshot <= snapshot);
    for (const dataset of [...publishes].reverse().flatMap(({ datasets }) => datasets.filter((each) => each.dataset === name))) {
      for (const { path, sha256, bytes, partitions: all } of dataset.segments) {
        const partitions = all.filter((partition) => !replaced.has(partition));
        if (partitions.length > 0) live.push({ path, sha256, bytes, partitions, whole: partitions.length === all.length });
      }
      for (const { partition } of dataset.partitions) replaced.add(partition);
    }
    return live;
  }
}
