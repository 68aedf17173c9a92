import { join } from 'node:path';
import { quoteIdent, quoteLiteral, WeirError, type Column, type Model } from '@weir/core';
import { withEngine } from '@weir/engine';
import type { Lake } from '@weir/lake';
import type { Interval, LiveSegment } from '@weir/rpc';
import type { Catalog, CatalogDifference } from '../catalog';

/** A row as text by column; null and absent are null. */
export type TestRow = Readonly<Record<string, string | null>>;

interface PartitionVersion {
  readonly partition: string;
  readonly from: number;
  readonly to: number;
  /** Absent for a partition without rows. */
  readonly path: string | undefined;
  /** What it was made from. */
  readonly sources: readonly string[];
}

/** A dataset of the test: real segments in a lake, and a catalog of them that is written apart from the metadata service. */
export class TestDataset {
  private versions: PartitionVersion[] = [];
  private readonly files = new Map<string, readonly string[]>();
  snapshot = 0;

  constructor(
    private readonly lake: Lake,
    /** Another one is that of a newer definition; what was published stays as it was written. */
    public model: Model,
  ) {}

  /** A catalog over several datasets that are published together. */
  static catalog(datasets: readonly TestDataset[]): Catalog {
    const named = (dataset: string): TestDataset => {
      const found = datasets.find(({ model }) => `${model.zone}.${model.name}` === dataset);
      if (!found) throw new WeirError({ code: 'UNKNOWN_DATASET', message: dataset });
      return found;
    };
    return {
      difference: async ({ dataset, from, to }) => named(dataset).difference(from, to),
      sources: async ({ dataset, interval }) => named(dataset).sources(interval),
      target: ({ after }) => {
        const newest = Math.max(...datasets.map(({ snapshot }) => snapshot));
        return after > newest ? Promise.reject(new WeirError({ code: 'INVALID_VALUE', message: 'No such snapshot.' })) : Promise.resolve(after);
      },
    };
  }

  /** Replaces the given partitions in one new snapshot, all in one file; with no rows a partition is empty. `sources` are what each was made from. */
  async publish(partitions: ReadonlyMap<string, readonly TestRow[]>, sources: ReadonlyMap<string, readonly string[]> = new Map()): Promise<number> {
    this.snapshot += 1;
    const filled = [...partitions].filter(([, rows]) => rows.length > 0);
    const path = filled.length > 0 ? await this.write(filled) : undefined;
    if (path) this.files.set(path, filled.map(([partition]) => partition));
    this.versions = this.versions.map((version) => (partitions.has(version.partition) && version.to === Infinity ? { ...version, to: this.snapshot } : version));
    for (const [partition, rows] of partitions) this.versions.push({ partition, from: this.snapshot, to: Infinity, path: rows.length > 0 ? path : undefined, sources: sources.get(partition) ?? [] });
    return this.snapshot;
  }

  /** Lets partitions go as if they had never been there, as retention does. */
  expire(partitions: readonly string[]): void {
    this.versions = this.versions.filter(({ partition }) => !partitions.includes(partition));
  }

  difference(from: number, to: number): CatalogDifference {
    if (from > this.snapshot || to > this.snapshot) throw new WeirError({ code: 'INVALID_VALUE', message: 'No such snapshot.' });
    const at = (snapshot: number) => new Set(this.versions.filter((version) => version.from <= snapshot && version.to > snapshot));
    const [older, newer] = [at(from), at(to)];
    return {
      before: this.segments([...older].filter((version) => !newer.has(version))),
      after: this.segments([...newer].filter((version) => !older.has(version))),
      unchanged: this.segments([...newer].filter((version) => older.has(version))),
    };
  }

  private sources(interval: Interval | undefined): string[] {
    const asked = this.versions.filter(({ partition, to }) => to === Infinity && (!interval || (partition >= interval.start && partition < interval.end)));
    return asked.flatMap((version) => version.sources);
  }

  private segments(versions: readonly PartitionVersion[]): LiveSegment[] {
    const byPath = new Map<string, string[]>();
    for (const { path, partition } of versions) if (path) byPath.set(path, [...(byPath.get(path) ?? []), partition]);
    return [...byPath].map(([path, partitions]) => ({ path, sha256: '', bytes: 0, partitions, whole: partitions.length === this.files.get(path)?.length }));
  }

  /** Where the rows of a snapshot were written, below the lake's root. */
  pathAt(snapshot: number): string {
    const { zone, name } = this.model;
    return `${zone}/test/${name}/run-${snapshot}/attempt-0.parquet`;
  }

  private async write(partitions: readonly (readonly [string, readonly TestRow[]])[]): Promise<string> {
    const { model, snapshot } = this;
    const columns: Column[] = [...model.columns, { name: '_weir_partition', type: 'VARCHAR' }];
    if (model.scope === 'row') columns.push({ name: '_weir_row_id', type: 'VARCHAR' }, { name: '_weir_position', type: 'VARCHAR' }, { name: '_weir_deleted', type: 'BOOLEAN' });
    const rows = partitions.flatMap(([partition, list]) => list.map((row) => ({ ...row, _weir_partition: partition })));
    const values = rows.map((row) => `(${columns.map((column) => literal(column, (row as TestRow)[column.name])).join(', ')})`);
    const select = `select * from (values ${values.join(', ')}) t(${columns.map(({ name }) => quoteIdent(name)).join(', ')})`;
    const path = this.pathAt(snapshot);
    const scratch = await this.lake.scratch(`run-${snapshot}`, 'test');
    const file = join(scratch.dir, 'rows.parquet');
    await withEngine({ inputs: [], staging: scratch.dir, memoryLimit: '256MB', threads: 1 }, (engine) => engine.run(`copy (${select}) to ${quoteLiteral(file)} (format parquet)`));
    await this.lake.adopt(file, path);
    await scratch.dispose();
    return path;
  }
}

function literal({ type }: Column, value: string | null | undefined): string {
  return value === null || value === undefined ? `null::${type}` : `${quoteLiteral(value)}::${type}`;
}

/** A model for a test; the columns are VARCHAR and BIGINT unless said otherwise. */
export function testModel(fields: Partial<Model> & Pick<Model, 'name' | 'columns' | 'writeMode'>): Model {
  return { zone: 'gold', file: '', sql: '', scope: 'interval', inputs: [], key: [], ...fields };
}
