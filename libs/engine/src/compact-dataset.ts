import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { datasetShape, type Definition } from '@weir/core';
import { withEngine, type Engine } from './engine';
import { rewriteDay, type RewrittenFile } from './rewrite-day';

/** A live partition as the catalog saw it; given back as it came. */
interface HeldPartition {
  readonly partition: string;
  readonly fromSnapshot: number;
  readonly segmentsOf: number;
  readonly segments: number[];
}

/** A day, and which partitions of which files are to be written anew. */
interface PlannedDay {
  /** YYYY-MM-DD; empty for all of a dataset without a grain. */
  readonly date: string;
  readonly partitions: HeldPartition[];
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly partitions: readonly string[]; readonly whole: boolean }[];
}

/** The same day in other files. */
interface CompactedDay {
  readonly date: string;
  readonly partitions: HeldPartition[];
  readonly files: { readonly path: string; readonly sha256: string; readonly bytes: number; readonly rows: number; readonly partitions: string[]; readonly zoneMap: { readonly columns: { column: string; type: string; low: string; high: string }[] } }[];
}

interface CallOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** What a compaction works with: parts of the catalog and of the lake. */
export interface CompactionPlace {
  readonly catalog: {
    planCompaction(request: { pipeline: string; dataset: string; settleMs: number; after: string }, options: CallOptions): Promise<{ readonly days: readonly PlannedDay[]; readonly fileBytes: number }>;
    replaceSegments(request: { pipeline: string; dataset: string; days: CompactedDay[] }, options: CallOptions): Promise<{ readonly skipped: readonly string[] }>;
  };
  readonly lake: {
    absolute(path: string): string;
    scratch(run: string, attempt: string): Promise<{ readonly dir: string; hold(files: readonly string[], signal?: AbortSignal): Promise<void>; dispose(): Promise<void> }>;
    adopt(file: string, path: string): Promise<{ readonly sha256: string; readonly bytes: number }>;
  };
  /** Where in the lake the n-th file of a call lies. */
  readonly pathOf: (place: { pipeline: string; dataset: string; date: string; hasDate: boolean }, call: string, n: number) => string;
  readonly engine: { readonly memoryLimit: string };
}

/** What to compact. */
export interface CompactionCall {
  readonly definition: Definition;
  /** Qualified. */
  readonly dataset: string;
  readonly settleMs: number;
  /** Count what would be rewritten, and leave it. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly report: (progress: { step: string; done: number; total: number }) => void;
}

/** What was done. */
export interface CompactedDataset {
  readonly dataset: string;
  readonly days: number;
  /** Files that were read, each once, and those that hold their rows now; these are not known of a dry run, and 0. */
  readonly filesBefore: number;
  readonly filesAfter: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Days that others had changed when the new files were ready. */
  readonly skipped: number;
}

/** Of the catalog, which hashes some hundred megabytes before it replaces anything. */
const TIMEOUT_MS = 300_000;

/** Others work at the same time, and nobody waits for this. */
const THREADS = 1;

/**
 * Rewrites the published files of a dataset, some days at a time, and has the catalog name the new ones instead. What it has done when it ends early stays done; the next call does the rest. Files that it
 * wrote in vain are removed as garbage.
 */
export async function compactDataset(place: CompactionPlace, call: CompactionCall): Promise<CompactedDataset> {
  const { definition, dataset, settleMs, signal, report } = call;
  const pipeline = definition.name;
  let total: CompactedDataset = { dataset, days: 0, filesBefore: 0, filesAfter: 0, bytesBefore: 0, bytesAfter: 0, skipped: 0 };
  for (let after = ''; ; ) {
    report({ step: dataset, done: total.days, total: 0 });
    const { days, fileBytes } = await place.catalog.planCompaction({ pipeline, dataset, settleMs, after }, { signal, timeoutMs: TIMEOUT_MS });
    const last = days.at(-1);
    if (last === undefined) return total;
    total = added(total, days, call.dryRun ? undefined : await replaceDays(place, call, { days, fileBytes, done: total.days }));
    // All of a dataset without a grain is one day.
    if (last.date === '') return total;
    after = last.date;
  }
}

/** The next days, and how many were done before. */
interface Page {
  readonly days: readonly PlannedDay[];
  readonly fileBytes: number;
  readonly done: number;
}

/** New files, and the days of which the catalog does not want them. */
interface Replaced {
  readonly written: readonly CompactedDay[];
  readonly skipped: ReadonlySet<string>;
}

async function replaceDays(place: CompactionPlace, call: CompactionCall, page: Page): Promise<Replaced> {
  const { definition, dataset, signal } = call;
  const written = await writeDays(place, call, page);
  const { skipped } = await place.catalog.replaceSegments({ pipeline: definition.name, dataset, days: written }, { signal, timeoutMs: TIMEOUT_MS });
  return { written, skipped: new Set(skipped) };
}

function added(total: CompactedDataset, planned: readonly PlannedDay[], { written, skipped }: Replaced = { written: [], skipped: new Set() }): CompactedDataset {
  const days = planned.filter(({ date }) => !skipped.has(date));
  const before = [...new Map(days.flatMap(({ files }) => files.map(({ path, bytes }) => [path, bytes] as const))).values()];
  const after = written.filter(({ date }) => !skipped.has(date)).flatMap(({ files }) => files.map(({ bytes }) => bytes));
  return {
    ...total,
    days: total.days + days.length,
    filesBefore: total.filesBefore + before.length,
    filesAfter: total.filesAfter + after.length,
    bytesBefore: before.reduce((sum, size) => sum + size, total.bytesBefore),
    bytesAfter: after.reduce((sum, size) => sum + size, total.bytesAfter),
    skipped: total.skipped + skipped.size,
  };
}

async function writeDays(place: CompactionPlace, call: CompactionCall, { days, fileBytes, done: before }: Page): Promise<CompactedDay[]> {
  const { definition, dataset, signal, report } = call;
  const id = randomUUID();
  const scratch = await place.lake.scratch('compact', id);
  const inputs = [...new Set(days.flatMap(({ files }) => files.map(({ path }) => place.lake.absolute(path))))];
  const order = datasetShape(definition, dataset).key;
  try {
    await scratch.hold(inputs, signal);
    return await withEngine({ inputs, staging: scratch.dir, ...place.engine, threads: THREADS, signal }, async (engine) => {
      const written: CompactedDay[] = [];
      for (const [n, day] of days.entries()) {
        report({ step: `${dataset} ${day.date}`.trim(), done: before + n, total: before + days.length });
        const files = await filesOf(engine, place, { day, dataset, order, fileBytes, dir: join(scratch.dir, `day-${n}`) });
        written.push({ date: day.date, partitions: day.partitions, files: await adopted(place, { pipeline: definition.name, dataset, date: day.date }, `${id}-${n}`, files) });
      }
      return written;
    });
  } finally {
    await scratch.dispose();
  }
}

interface Rewrite {
  readonly day: PlannedDay;
  readonly dataset: string;
  readonly order: readonly string[];
  readonly fileBytes: number;
  readonly dir: string;
}

function filesOf(engine: Engine, { lake }: CompactionPlace, { day, dataset, order, fileBytes, dir }: Rewrite): Promise<RewrittenFile[]> {
  const segments = day.files.map(({ path, partitions, whole }) => ({ absolutePath: lake.absolute(path), partitions, whole }));
  return rewriteDay(engine, { name: dataset, segments, order, fileBytes, dir });
}

async function adopted({ lake, pathOf }: CompactionPlace, place: { pipeline: string; dataset: string; date: string }, call: string, files: readonly RewrittenFile[]): Promise<CompactedDay['files']> {
  const adopting = files.map(async ({ path, rows, partitions, ranges, hasDate }, n) => {
    const target = pathOf({ ...place, hasDate }, call, n);
    const digest = await lake.adopt(path, target);
    return { path: target, ...digest, rows, partitions: partitions.map(({ partition }) => partition), zoneMap: { columns: ranges.map((range) => ({ ...range })) } };
  });
  return Promise.all(adopting);
}
