import { randomUUID } from 'node:crypto';
import { isWeirError, qualifiedName, WeirError } from '@weir/core';
import { DatasetViews, firstRows, withEngine, type FirstRows, type RelationSegment } from '@weir/engine';
import { StageGate, withSpan } from '@weir/platform';
import { InlineEncoding, type PreviewModelRequest, type PreviewModelResponse } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { previewedModel, type PreviewedModel } from './preview-definition';
import { previewInputs, type PreviewInputs } from './preview-inputs';

const MAX_ROWS = 1_000;
const MAX_BYTES = 3 * 1024 * 1024;

/** A person waits: what takes longer is asked for less. */
const TIMEOUT_MS = 20_000;

/** Previews that run at a time, beside the places of stages: neither waits for the other. */
const CONCURRENT = 2;

/** Most partitions that one statement runs over. The first statement runs over one, each further one over twice as many, until there are rows enough. */
const MAX_TOGETHER = 32;
/** Most partitions that a preview looks into. */
const MAX_PARTITIONS = 366;

/**
 * Runs one model over what is published of its inputs, from the newest partition back, until it has as many rows as were asked for; it publishes and keeps nothing.
 * Throws what is wrong with the request's files, INVALID_VALUE, INVALID_INTERVAL, PIPELINE_NOT_FOUND, UNKNOWN_DATASET, NOT_POSSIBLE where an input was never published, MODEL_FAILED with the place in the model's file where
 * the engine names one, MEMORY_LIMIT, BUSY, DEADLINE after 20 s, CANCELLED, SEGMENT_CORRUPT, UNAVAILABLE.
 */
export function modelPreviewer(dependencies: Dependencies): (request: PreviewModelRequest, signal: AbortSignal) => Promise<PreviewModelResponse> {
  const gate = new StageGate(CONCURRENT);
  return async (request, signal) => {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const either = AbortSignal.any([signal, timeout]);
      return await gate.run(either, () => preview(dependencies, request, either));
    } catch (error) {
      if (!timeout.aborted || !isWeirError(error) || error.code !== 'CANCELLED') throw error;
      throw new WeirError({ code: 'DEADLINE', message: `The preview of ${request.model} took longer than ${TIMEOUT_MS / 1_000} s.`, fix: 'Ask for fewer rows, or for an interval of fewer grains.' }, { cause: error });
    }
  };
}

async function preview(dependencies: Dependencies, request: PreviewModelRequest, signal: AbortSignal): Promise<PreviewModelResponse> {
  if (request.limit < 1 || request.limit > MAX_ROWS) throw new WeirError({ code: 'INVALID_VALUE', message: `${request.limit} is not a limit.`, fix: `Ask for 1 to ${MAX_ROWS} rows.` });
  const previewed = await previewedModel(dependencies.metadata, request, signal);
  const { definition, version, model } = previewed;
  const attributes = { 'weir.pipeline': definition.name, 'weir.dataset': qualifiedName(model) };
  return withSpan('preview model', attributes, async (span) => {
    const inputs = await previewInputs(dependencies, previewed, request.interval, signal);
    const { lines, more, rowsRead, partitions } = await newestRows(dependencies, previewed, inputs, { limit: request.limit, signal });
    span.setAttributes({ 'weir.rows.in': rowsRead, 'weir.rows.out': lines.length });
    const columns = model.columns.map(({ name, type }) => ({ name, type }));
    const rows = { dataset: qualifiedName(model), columns: columns.map(({ name }) => name), encoding: InlineEncoding.NDJSON, rows: lines.length, data: Buffer.from(lines.join('\n')) };
    return { pipeline: definition.name, definitionVersion: version, columns, rows, more, rowsRead, partitions: model.scope === 'history' ? [] : [...partitions], inputs: [...inputs.snapshots] };
  });
}

interface Newest extends FirstRows {
  readonly rowsRead: number;
  readonly partitions: readonly string[];
}

async function newestRows(dependencies: Dependencies, previewed: PreviewedModel, inputs: PreviewInputs, { limit, signal }: { readonly limit: number; readonly signal: AbortSignal }): Promise<Newest> {
  const lines: string[] = [];
  const partitions: string[] = [];
  const all = inputs.partitions.slice(0, MAX_PARTITIONS);
  let [rowsRead, bytes, more, together] = [0, MAX_BYTES, false, 1];
  while (partitions.length < all.length && lines.length < limit && !more) {
    const chunk = all.slice(partitions.length, partitions.length + together);
    const found = await rowsOf(dependencies, previewed, inputs, { partitions: chunk, rows: limit - lines.length, bytes, signal });
    lines.push(...found.lines);
    partitions.push(...chunk);
    bytes -= found.lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    rowsRead += found.rowsRead;
    more = found.more;
    together = Math.min(together * 2, MAX_TOGETHER);
  }
  return { lines, more: more || partitions.length < inputs.partitions.length, rowsRead, partitions };
}

interface Chunk {
  readonly partitions: readonly string[];
  readonly rows: number;
  readonly bytes: number;
  readonly signal: AbortSignal;
}

/** The model's rows over some partitions, in an engine that can read their segments and nothing else. */
async function rowsOf({ lake, engine: limits }: Dependencies, { definition, model }: PreviewedModel, inputs: PreviewInputs, { partitions, rows, bytes, signal }: Chunk): Promise<FirstRows & { readonly rowsRead: number }> {
  const upstream = await inputs.upstream(partitions);
  const segments = new Map([...inputs.segments].map(([dataset, all]) => [dataset, model.scope === 'history' ? all : all.flatMap((segment) => partOf(segment, partitions))]));
  const read = [...segments.values(), ...[...upstream.values()].map((each) => each.segments)].flat().map(({ absolutePath }) => absolutePath);
  const scratch = await lake.scratch('preview', randomUUID());
  try {
    await scratch.hold(read, signal);
    return await withEngine({ inputs: [...new Set(read)], staging: scratch.dir, ...limits, signal }, async (engine) => {
      // In ascending order, as a run has them.
      const work = { definition, partitions: [...partitions].reverse(), upstream };
      const views = new DatasetViews(engine, work);
      for (const [dataset, live] of segments) await views.add(dataset, live);
      for (const each of upstream.values()) await views.addUpstream(each);
      const found = await firstRows(engine, { work, model, inputs: views.inputs(model.scope) }, { rows, bytes });
      return { ...found, rowsRead: await views.rows(model.inputs) };
    });
  } finally {
    await scratch.dispose();
  }
}

function partOf(segment: RelationSegment, wanted: readonly string[]): RelationSegment[] {
  const partitions = segment.partitions.filter((partition) => wanted.includes(partition));
  return partitions.length === 0 ? [] : [{ ...segment, partitions, whole: segment.whole && partitions.length === segment.partitions.length }];
}
