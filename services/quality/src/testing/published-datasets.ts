import { WeirError, type Definition } from '@weir/core';
import type { LiveSegment } from '@weir/rpc';
import type { Catalog } from '../catalog';

/** What the metadata service knows of datasets, for tests of one service: `<pipeline> <dataset>` to what is live of it. */
export class PublishedDatasets implements Catalog {
  readonly definitions = new Map<string, Definition>();
  readonly segments = new Map<string, readonly LiveSegment[]>();
  /** By dataset: rows by the start of their grain, the newest first. */
  readonly rows = new Map<string, readonly (readonly [partition: string, rows: number])[]>();
  /** By pipeline: rows of its source that its runs dropped. */
  readonly copies = new Map<string, number>();
  /** What was asked for. */
  readonly asked: string[] = [];
  /** Definitions in the order in which somebody asked for them as the newest: their versions. */
  private readonly applied: Definition[] = [];

  newest(pipeline: string): Promise<Definition> {
    const definition = this.definitions.get(pipeline);
    return definition ? Promise.resolve(definition) : Promise.reject(new WeirError({ code: 'PIPELINE_NOT_FOUND', message: `No pipeline ${pipeline}.` }));
  }

  async newestVersion(pipeline: string): Promise<{ version: number; definition: Definition }> {
    const definition = await this.newest(pipeline);
    if (!this.applied.includes(definition)) this.applied.push(definition);
    return { version: 1 + this.applied.indexOf(definition), definition };
  }

  live(pipeline: string, dataset: string): Promise<readonly LiveSegment[]> {
    this.asked.push(`live ${pipeline} ${dataset}`);
    return Promise.resolve(this.segments.get(`${pipeline} ${dataset}`) ?? []);
  }

  history(pipeline: string, dataset: string, before: string, limit: number): Promise<readonly number[]> {
    this.asked.push(`history ${pipeline} ${dataset} ${before}`);
    const rows = (this.rows.get(`${pipeline} ${dataset}`) ?? []).filter(([partition]) => before === '' || partition < before);
    return Promise.resolve(rows.slice(0, limit).map(([, count]) => count));
  }

  dropped(pipeline: string): Promise<number> {
    return Promise.resolve(this.copies.get(pipeline) ?? 0);
  }
}
