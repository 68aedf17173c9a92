import { isReadInSequence, WeirError } from '@weir/core';
import { inTransaction } from '@weir/platform';
import type { ResetSourceRequest, ResetSourceResponse } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { lockPipeline, readDefinition } from './pipelines';
import { rowsOf } from './rows';
import { takerOf } from './sequence';
import { lastTake } from './takes';

const RESET = `
  insert into metadata.source_reset (pipeline, partition, reset_by)
  select $1, max(partition), $2 from metadata.take where pipeline = $1
  on conflict (pipeline) do update set partition = excluded.partition, reset_at = excluded.reset_at, reset_by = excluded.reset_by`;

/**
 * Has a source that is read in sequence begin anew: the next interval takes what there is from the beginning. What intervals took before stays pinned to them, and in the tables. Gives where the source stood; a dry run changes nothing,
 * and neither does a source that stands at its beginning. Throws PIPELINE_NOT_FOUND, UNKNOWN_DATASET, NOT_POSSIBLE for a source that has no position, and INTERVAL_BUSY, with the ids as samples, while a run takes something.
 */
export async function resetSource({ pool }: Pick<Dependencies, 'pool'>, { pipeline, dataset, dryRun, by }: ResetSourceRequest): Promise<ResetSourceResponse> {
  return inTransaction(pool, async (client) => {
    const { version } = await lockPipeline(client, pipeline);
    const { source } = await readDefinition(client, pipeline, version);
    if (dataset !== source.dataset) throw new WeirError({ code: 'UNKNOWN_DATASET', message: `The source of ${pipeline} fills the dataset ${source.dataset}, not \`${dataset}\`.`, place: dataset, fix: `Use ${source.dataset}.` });
    if (!isReadInSequence(source)) throw new WeirError({ code: 'NOT_POSSIBLE', message: `The source of ${pipeline} has no position: an interval reads what is of it, whenever it is run.`, place: dataset, fix: `Run the intervals again: \`weir run ${pipeline} --interval …\`.` });
    const taker = await takerOf(client, pipeline);
    if (taker) throw new WeirError({ code: 'INTERVAL_BUSY', message: `The source of ${pipeline} cannot begin anew: ${taker.workflow_id} (run ${taker.run_id}) takes what is new.`, place: dataset, samples: [taker.run_id, taker.workflow_id] });
    const position = await lastTake(client, pipeline);
    if (position && !dryRun) await rowsOf(client, RESET, [pipeline, by]);
    return { position };
  });
}
