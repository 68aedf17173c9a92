import { createHash } from 'node:crypto';
import { FILES, grainFrom, notTaken, partitionsOf, type Definition, type Take } from '@weir/core';
import { rawPath, type Segment, type Taking } from '@weir/lake';
import { RunStatus, type BeginRunRequest, type ListTakesRequest, type SegmentSet, type TakenFile } from '@weir/rpc';
import { beginRun } from '../begin-run';
import { findTakenFiles } from '../find-taken-files';
import { finishRun } from '../finish-run';
import { listTakes } from '../list-takes';
import { publish } from '../publish';
import { derived } from './runs';
import { definitionOf, type Workbench } from './workbench';

/** A folder of files by name, as a source that is read in sequence sees it. */
export type Folder = ReadonlyMap<string, string>;

const { source } = definitionOf('any');

/** What makes a pipeline of the workbench one whose source is read in sequence. */
export const TRACKED: Partial<Definition> = { source: { ...source, path: '/in/*.csv', empty: 'allow', track: 'new' } as Definition['source'] };

/** All that ListTakes says. */
export async function takesOf(bench: Workbench, request: Partial<ListTakesRequest> & { pipeline: string }): Promise<{ last: Take | undefined; position: Take | undefined; takes: Take[]; files: TakenFile[] }> {
  const all: Awaited<ReturnType<typeof takesOf>> = { last: undefined, position: undefined, takes: [], files: [] };
  await listTakes(bench, { source: FILES, ...request }, async ({ last, position, takes, files }) => {
    all.last ??= last;
    all.position ??= position;
    all.takes.push(...takes);
    all.files.push(...files);
  });
  return all;
}

/** A run between its extract and its publish. */
export interface OpenTurn {
  readonly request: BeginRunRequest;
  readonly fence: number;
  readonly staged: SegmentSet[];
  /** Names of the files in it. */
  readonly names: readonly string[];
}

/** Begins a run and stages what it finds, at most `most` new files: what ingest does, as plainly as possible. */
export async function beginTurn(bench: Workbench, request: BeginRunRequest, folder: Folder, most = Infinity): Promise<OpenTurn> {
  const { pipeline, runId } = request;
  const { fence, interval, raw } = await beginRun(bench, request);
  const partitions = partitionsOf(interval, '1d');
  const known = await takesOf(bench, { pipeline, interval });
  const untaken = notTaken(partitions, '1d', known.takes);
  // As raw has them: whether a folder still has what was taken is ingest's to say.
  const segments = known.files.map(({ partition, name, sha256, bytes }): Segment => ({ path: rawPath(pipeline, 'orders', sha256), rows: 0, bytes, sha256, partitions: [partition], source: name }));
  const names = segments.map(({ source: name = '' }) => name);
  const taking = await takingOf(bench, pipeline, { untaken, folder, most, last: known.last, position: known.position });
  for (const name of taking?.names ?? []) segments.push(await segmentOf(bench, pipeline, untaken.at(-1) ?? '', name, folder.get(name) ?? ''));
  const dataset = { dataset: 'raw.orders', partitions: partitions.map((partition) => ({ partition, rows: 0 })), segments };
  const set = raw ?? (await bench.lake.writeManifest({ version: 1, pipeline, runId, stage: 'extract', attempt: 'a1', datasets: [dataset], ...(taking ? { taking: taking.taking } : {}) }));
  return { request, fence, staged: [set, await derived(bench, request, partitions)], names: [...names, ...(taking?.names ?? [])] };
}

/** Publishes what a turn staged and ends its run. */
export async function publishTurn(bench: Workbench, { request: { runId }, fence, staged }: OpenTurn): Promise<number> {
  const { snapshot } = await publish(bench, { runId, fence, staged, moves: [] });
  await finishRun(bench, { runId, status: RunStatus.SUCCEEDED, error: undefined });
  return snapshot;
}

interface Standing {
  readonly untaken: readonly string[];
  readonly folder: Folder;
  readonly most: number;
  readonly last: Take | undefined;
  readonly position: Take | undefined;
}

async function takingOf(bench: Workbench, pipeline: string, { untaken, folder, most, last, position }: Standing): Promise<{ taking: Taking; names: string[] } | undefined> {
  if (untaken.length === 0) return undefined;
  const taken = new Map((await findTakenFiles(bench, { pipeline, names: [...folder.keys()] })).files.map((file) => [file.name, file]));
  const fresh = [...folder].filter(([name, content]) => taken.get(name)?.sha256 !== hashOf(content)).map(([name]) => name).sort();
  const names = fresh.slice(0, most);
  const before = position?.to ?? '';
  const takes = untaken.map((partition, at): Take => {
    const to = at === untaken.length - 1 && names.length > 0 ? String(Number(before) + names.length) : before;
    return { partition, end: grainFrom(partition, '1d').end, source: FILES, from: before, to, newest: names.at(-1) ?? position?.newest ?? '', left: fresh.length - names.length, more: fresh.length > names.length };
  });
  return { names, taking: { last: last?.partition ?? '', takes, stamps: names.map((name) => [name, `stamp of ${hashOf(folder.get(name) ?? '')}`] as const) } };
}

async function segmentOf({ lake }: Workbench, pipeline: string, partition: string, name: string, content: string): Promise<Segment> {
  const sha256 = hashOf(content);
  const path = rawPath(pipeline, 'orders', sha256);
  await lake.putStream(path, [Buffer.from(content)]);
  return { path, rows: 0, bytes: Buffer.byteLength(content), sha256, partitions: [partition], source: name };
}

export function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
