import type { GetDefinitionRequest, GetDefinitionResponse } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { readDefinitionText, readPipeline } from './pipelines';

/** One version of a definition, the newest for version 0. Throws PIPELINE_NOT_FOUND. */
export async function getDefinition({ pool }: Pick<Dependencies, 'pool'>, request: GetDefinitionRequest): Promise<GetDefinitionResponse> {
  const version = request.version || (await readPipeline(pool, request.pipeline)).version;
  return { pipeline: request.pipeline, version, definitionJson: await readDefinitionText(pool, request.pipeline, version) };
}
