import { compileDefinition, problemsError, qualifiedName, WeirError, type Definition, type Model } from '@weir/core';
import { inspector } from '@weir/engine';
import type { PreviewModelRequest } from '@weir/rpc';
import type { Metadata } from './metadata';

/** The model that is to be previewed, in its definition. */
export interface PreviewedModel {
  readonly definition: Definition;
  /** 0 for files. */
  readonly version: number;
  readonly model: Model;
}

/** Compiles the files of a request, or reads the applied version. Throws what is wrong with the files (the first problem, the others as samples), PIPELINE_NOT_FOUND, UNKNOWN_DATASET, INVALID_VALUE. */
export async function previewedModel(metadata: Metadata, { files, root, pipeline, model: name }: PreviewModelRequest, signal: AbortSignal): Promise<PreviewedModel> {
  if ((files.length === 0) === (pipeline === '')) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request names a pipeline and has files, or neither.', fix: 'Give `pipeline` for the applied version, or `files` and `root`.' });
  const { definition, version } = files.length === 0 ? await metadata.newestVersion(pipeline, signal) : { definition: await compiled(metadata, { files, root }, signal), version: 0 };
  const model = definition.models.find((each) => qualifiedName(each) === name);
  if (model) return { definition, version, model };
  throw new WeirError({ code: 'UNKNOWN_DATASET', message: `The pipeline ${definition.name} has no model \`${name}\`.`, fix: `Use one of ${definition.models.map(qualifiedName).join(', ')}.` });
}

async function compiled(metadata: Metadata, { files, root }: Pick<PreviewModelRequest, 'files' | 'root'>, signal: AbortSignal): Promise<Definition> {
  const outcome = await compileDefinition(files, root, inspector, metadata.applied(signal));
  if ('problems' in outcome) throw problemsError(outcome.problems);
  return outcome.definition;
}
