import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { toWeirError, WeirError, type Definition, type WeirError as Failure } from '@weir/core';
import { Lake, type ManifestDataset } from '@weir/lake';
import { Egress, readEnvironment } from '@weir/platform';
import type { ExtractResult } from '@weir/rpc';
import { tempDir, type TempDir } from '@weir/testkit';
import { extract } from '../../extract';
import { TakeCatalog } from '../../testing/take-catalog';
import { day, type Row } from './row';
import type { OpenSource, Reading } from './source-kind';

/** How a test extracts: days [from, to), where there are intervals, of the run with that id. */
export interface Extraction {
  readonly from?: number;
  readonly to?: number;
  readonly runId?: string;
  readonly reading?: Reading;
  readonly signal?: AbortSignal;
}

const none = (): never => {
  throw new Error('This source needs no Kafka.');
};

/** An open source, a lake of its own, and what extract makes of the one in the other. */
export class Extracting {
  private attempts = 0;

  private constructor(
    private readonly source: OpenSource,
    private readonly hasIntervals: boolean,
    readonly lake: Lake,
    private readonly catalog: TakeCatalog,
    private readonly folder: TempDir,
  ) {}

  static async open(source: OpenSource, hasIntervals: boolean): Promise<Extracting> {
    const folder = await tempDir();
    const lake = new Lake(join(folder.path, 'lake'));
    return new Extracting(source, hasIntervals, lake, new TakeCatalog(lake), folder);
  }

  close(): Promise<void> {
    return this.folder.dispose();
  }

  async run({ from = 0, to = 1, runId = 'run-1', reading = this.source.reading, signal = new AbortController().signal }: Extraction = {}): Promise<ExtractResult> {
    const environment = readEnvironment(Object.fromEntries(Object.entries(reading.secrets).map(([name, value]) => [`WEIR_SECRET_${name}`, value])));
    const { lake, catalog } = this;
    const definition = definitionOf(reading, this.hasIntervals);
    const deps = { lake, definition: () => Promise.resolve(definition), engine: { memoryLimit: '256MB', threads: 1 }, egress: new Egress(reading.allowed), secretOf: (name: string) => environment.secretOf(name), topicLog: none, sources: none, takes: catalog.takes, takenFiles: catalog.takenFiles, ...this.source.dependencies };
    this.attempts += 1;
    const context = { runId, pipeline: 'shop', definitionVersion: 1, attempt: `attempt-${this.attempts}`, background: false, ...(this.hasIntervals ? { interval: { start: day(from), end: day(to) } } : {}) };
    return extract(deps, { context, ranges: [] }, { signal, report: () => undefined });
  }

  /** What a run ends with; it must fail. */
  async failure(extraction: Extraction): Promise<Failure> {
    return this.run(extraction).then(() => {
      throw new Error('The run did not fail.');
    }, toWeirError);
  }

  /** Makes what a run took the state of the catalog; nothing is to be kept of sources that are not read in sequence. */
  async publish(result: ExtractResult): Promise<void> {
    if (!(await this.catalog.publish(result))) throw new WeirError({ code: 'INTERNAL', message: 'Another run took something meanwhile.' });
  }

  async listed({ raw }: ExtractResult): Promise<ManifestDataset> {
    const [dataset] = (await this.lake.readManifest(raw ?? { manifest: '', sha256: '' })).datasets;
    if (!dataset) throw new Error('One dataset was expected.');
    return dataset;
  }

  /** The rows of all files of a run. */
  async rows(result: ExtractResult): Promise<Row[]> {
    const { segments } = await this.listed(result);
    const files = [];
    for (const { path } of segments) files.push(await this.source.rowsIn(this.lake.absolute(path)));
    return files.flat();
  }

  /** Names of all files below a folder of the lake. */
  async filesIn(path: string): Promise<string[]> {
    const entries = await readdir(this.lake.absolute(path), { recursive: true, withFileTypes: true }).catch(() => []);
    return entries.flatMap((entry) => (entry.isFile() ? [basename(entry.name)] : [])).sort();
  }
}

function definitionOf({ source, connections }: Reading, hasIntervals: boolean): Definition {
  return {
    name: 'shop',
    description: '',
    ...(hasIntervals ? { grain: '1d' } : {}),
    source,
    connections,
    contract: { id: 'shop', version: '1.0.0', datasets: [{ name: 'orders', columns: [{ name: 'tags', physicalName: 'tags', type: 'VARCHAR', required: false, isArray: true }], rules: [], checks: [], order: { by: 'arrival' } }] },
    models: [],
    destinations: [],
    mode: 'batch', lookbackGrains: 0, approval: 'never', retention: {}, upstream: [],
    policy: { retries: 2, retryDelayMs: 0, executionTimeoutMs: 60_000, failAbove: { share: 0.01, minRows: 100 } },
  };
}
