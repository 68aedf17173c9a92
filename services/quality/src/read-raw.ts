import type { ValidatePlan } from '@weir/core';
import { withEngine, type Engine } from '@weir/engine';
import { withSpan } from '@weir/platform';
import type { ReportProgress } from '@weir/rpc';
import type pg from 'pg';
import { decodeFiles } from './decode-files';
import { decodeSegments } from './decode-segments';
import { fileFormat, type FileFormat, type ScannedFile } from './format/file-format';
import { verifySegments } from './log-segments';
import { quarantine, type QuarantineContext } from './quarantine';
import { quarantineRecords } from './quarantine-records';
import { rejects } from './rejects';
import { scanFiles } from './scan-files';
import { segmentRejects } from './segment-rejects';
import { fileLayout, sourceContract } from './source-contract';
import type { Work } from './work';

/** The raw data of a run in an engine: decoded, judged row by row, deduplicated. */
export interface RawRead {
  readonly engine: Engine;
  readonly plan: ValidatePlan;
  /** The files that were scanned, with their damaged records; none for logs, whose records are never damaged. */
  readonly files: readonly ScannedFile[];
  /** Of the files; undefined for logs. */
  readonly format: FileFormat | undefined;
  /** Writes what is not admitted into quarantine, at most `limit` rows; gives their number. */
  quarantine(client: pg.ClientBase, context: QuarantineContext, limit: number): Promise<number>;
}

/** Reads the raw segments of a run by the kind of its source, and gives `body` the result. */
export function readRaw<T>(work: Work, report: ReportProgress, body: (read: RawRead) => Promise<T>): Promise<T> {
  return work.definition.source.type === 'kafka' ? readLog(work, report, body) : readFiles(work, report, body);
}

async function readFiles<T>(work: Work, report: ReportProgress, body: (read: RawRead) => Promise<T>): Promise<T> {
  const { lake, definition, raw, dir, signal } = work;
  const dataset = sourceContract(definition);
  const layout = fileLayout(definition);
  const format = fileFormat(layout, dataset);
  const scanned = await withSpan('scan files', { 'weir.files': raw.segments.length }, () =>
    scanFiles(raw.segments, { lake, layout, format, dir, signal, progress: (done, total) => report({ step: 'scan', done, total }) }),
  );
  const rows = scanned.files.reduce((sum, file) => sum + file.scan.records, 0);
  report({ step: 'decode', done: 0, total: rows });
  const inputs = [...scanned.files.map((file) => file.path), ...work.surroundings.inputs];
  return withEngine({ inputs, staging: dir, ...work.engine, signal }, async (engine) => {
    const plan = await decodeFiles(scanned, { engine, dataset, format, dir, signal });
    return body({ engine, plan, files: scanned.files, format, quarantine: (client, context, limit) => quarantine(client, lake, context, rejects(scanned.files, engine, plan, format), signal, limit) });
  });
}

async function readLog<T>(work: Work, report: ReportProgress, body: (read: RawRead) => Promise<T>): Promise<T> {
  const { lake, definition, raw, dir, signal, stage } = work;
  const { source, mode } = definition;
  const format = source.type === 'kafka' ? source.format : 'json';
  const total = raw.segments.reduce((sum, { bytes }) => sum + bytes, 0);
  const segments = await withSpan('verify segments', { 'weir.files': raw.segments.length }, () => verifySegments(raw.segments, lake, (done) => report({ step: 'scan', done, total })));
  report({ step: 'decode', done: 0, total: segments.reduce((sum, { records }) => sum + records, 0) });
  const decoder = format === 'json' ? undefined : work.decoder(format);
  return withEngine({ inputs: [...segments.map(({ path }) => path), ...work.surroundings.inputs], staging: dir, ...work.engine, signal }, async (engine) => {
    const plan = await decodeSegments(segments, { engine, dataset: sourceContract(definition), decoder, dir, limits: { ...work.engine, signal } });
    // What a stream has set aside stays under its name: its archive reads the same records again, at every turn those of the whole grain.
    const conflict = mode !== 'realtime' ? 'claim' : stage.restates ? 'judge' : 'keep';
    return body({ engine, plan, files: [], format: undefined, quarantine: (client, context, limit) => quarantineRecords(client, lake, context, segmentRejects(segments, engine, plan), { conflict, signal, limit }) });
  });
}
