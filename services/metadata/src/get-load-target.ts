import type { GetLoadTargetRequest, GetLoadTargetResponse } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { assertSnapshot } from './get-snapshot';
import { readPipeline } from './pipelines';
import { rowsOf } from './rows';

const FIRST_OTHER = `
  select s.number from metadata.snapshot s join metadata.run r on r.run_id = s.run_id
  where s.pipeline = $1 and s.number > $2 and r.definition_version <> $3
  order by s.number limit 1`;

/**
 * The newest snapshot up to which every one after `after` was published under this definition version; `after` itself when there is none.
 * Throws PIPELINE_NOT_FOUND, and INVALID_VALUE when `after` is no snapshot.
 */
export async function getLoadTarget({ pool }: Pick<Dependencies, 'pool'>, { pipeline, definitionVersion, after }: GetLoadTargetRequest): Promise<GetLoadTargetResponse> {
  const { snapshot: newest } = await readPipeline(pool, pipeline);
  assertSnapshot(pipeline, after, newest);
  const [other] = await rowsOf<{ number: number }>(pool, FIRST_OTHER, [pipeline, after, definitionVersion]);
  // What is published between the two statements is of the next call.
  return { snapshot: other ? Math.min(newest, other.number - 1) : newest };
}
