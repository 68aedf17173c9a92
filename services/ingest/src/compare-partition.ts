import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { SourceFile } from '@weir/connectors';
import { WeirError } from '@weir/core';
import { rawPath, type Lake } from '@weir/lake';
import { SourceChangeKind, type SourceChange, type SourceFile as PublishedFile } from '@weir/rpc';
import { reading } from './reading';

/** Between the last look at a file and its copy's own time, and between the clocks of two disks. */
const MARGIN_MS = 10_000;
const CHUNK_BYTES = 1024 * 1024;

/** Where copies of what was published lie. */
export interface CompareTarget {
  readonly lake: Lake;
  readonly pipeline: string;
  /** Bare name of the raw dataset. */
  readonly dataset: string;
  readonly signal: AbortSignal;
}

type Difference = Omit<SourceChange, 'partition'>;

/**
 * The first difference, by name, between the files of a partition and those that it was published from; undefined when they are the same. Files that were not touched since they were
 * copied are not read, and none is read once another one differs.
 */
export async function firstDifference(files: readonly SourceFile[], published: readonly PublishedFile[], target: CompareTarget): Promise<Difference | undefined> {
  const before = new Map(published.map((file) => [file.source, file]));
  const found = new Map(files.map((file) => [file.name, file]));
  const touched: [SourceFile, PublishedFile][] = [];
  for (const name of [...new Set([...before.keys(), ...found.keys()])].sort()) {
    if (target.signal.aborted) throw cancelled(name);
    const [old, file] = [before.get(name), found.get(name)];
    const state = file && (await stateOf(file));
    if (!old) {
      if (state) return { kind: SourceChangeKind.ADDED, source: name };
    } else if (!file || !state) return { kind: SourceChangeKind.REMOVED, source: name };
    else if (!state.isFile || state.bytes !== old.bytes) return { kind: SourceChangeKind.CHANGED, source: name };
    else if (state.touchedMs >= (await copiedAt(old, target)) - MARGIN_MS) touched.push([file, old]);
  }
  for (const [file, old] of touched) {
    if ((await hashOf(file, target.signal)) !== old.sha256) return { kind: SourceChangeKind.CHANGED, source: file.name };
  }
  return undefined;
}

interface FileState {
  readonly isFile: boolean;
  readonly bytes: number;
  /** The later of what was written into the file and what was done to it: a file moved here keeps the first. */
  readonly touchedMs: number;
}

/** Undefined when the file is gone. */
async function stateOf(file: SourceFile): Promise<FileState | undefined> {
  const found = await reading(file, () => stat(file.path)).catch(orGone);
  return found && { isFile: found.isFile(), bytes: found.size, touchedMs: Math.max(found.mtimeMs, found.ctimeMs) };
}

function orGone(error: unknown): undefined {
  if (error instanceof WeirError && error.code === 'SOURCE_MISSING') return undefined;
  throw error;
}

/** When the file was copied at the latest: what happened to it between that and its publish is in nobody's snapshot. Where the copy is gone, the publish is all that is known. */
async function copiedAt({ sha256, publishedAt }: PublishedFile, { lake, pipeline, dataset }: CompareTarget): Promise<number> {
  const copy = await lake.find(rawPath(pipeline, dataset, sha256));
  return Math.min(Date.parse(publishedAt), copy?.modifiedMs ?? Infinity);
}

/** In pieces of 1 MiB; undefined when the file is gone. */
async function hashOf(file: SourceFile, signal: AbortSignal): Promise<string | undefined> {
  const hash = createHash('sha256');
  const read = async () => {
    for await (const chunk of createReadStream(file.path, { highWaterMark: CHUNK_BYTES })) {
      if (signal.aborted) throw cancelled(file.name);
      hash.update(chunk as Buffer);
    }
    return hash.digest('hex');
  };
  return reading(file, read).catch((error: unknown) => (signal.aborted ? Promise.reject(cancelled(file.name)) : orGone(error)));
}

function cancelled(name: string): WeirError {
  return new WeirError({ code: 'CANCELLED', message: `Cancelled while comparing ${name}.` });
}
