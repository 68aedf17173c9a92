import { parseDefinition, WeirError, type Definition } from '@weir/core';
import { rowsOf, type Queryable } from './rows';

export interface Pipeline {
  readonly version: number;
  readonly snapshot: number;
  /** Snapshots below this one can no longer be read. */
  readonly forgotten_below: number;
}

/**
 * Locks a pipeline until the transaction ends: begins, publishes and ends of its runs happen one after the other.
 * Throws PIPELINE_NOT_FOUND.
 */
export async function lockPipeline(db: Queryable, name: string): Promise<Pipeline> {
  const [row] = await rowsOf<Pipeline>(db, 'select version, snapshot, forgotten_below from metadata.pipeline where name = $1 for no key update', [name]);
  return row ?? pipelineNotFound(name);
}

/** A pipeline's newest version and snapshot. Throws PIPELINE_NOT_FOUND. */
export async function readPipeline(db: Queryable, name: string): Promise<Pipeline> {
  const [row] = await rowsOf<Pipeline>(db, 'select version, snapshot, forgotten_below from metadata.pipeline where name = $1', [name]);
  return row ?? pipelineNotFound(name);
}

/** The JSON text of one version of a definition. Throws PIPELINE_NOT_FOUND for an unknown pipeline or version. */
export async function readDefinitionText(db: Queryable, pipeline: string, version: number): Promise<string> {
  const [row] = await rowsOf<{ body: string }>(db, 'select body::text as body from metadata.definition where pipeline = $1 and version = $2', [pipeline, version]);
  if (!row) throw new WeirError({ code: 'PIPELINE_NOT_FOUND', message: `The pipeline ${pipeline} has no version ${version}.` });
  return row.body;
}

/** One version of a definition. Throws PIPELINE_NOT_FOUND. */
export async function readDefinition(db: Queryable, pipeline: string, version: number): Promise<Definition> {
  return parseDefinition(await readDefinitionText(db, pipeline, version));
}

/** Throws PIPELINE_NOT_FOUND. */
export function pipelineNotFound(name: string): never {
  throw new WeirError({ code: 'PIPELINE_NOT_FOUND', message: `No pipeline \`${name}\` was applied.` });
}
