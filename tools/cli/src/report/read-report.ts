import { RunStatus, type Clients, type GetRunResponse, type Run } from '@weir/rpc';
import { MAX_LIMIT } from '../limit';
import { pipelineReport, type PipelineReport } from './pipeline-report';

/** Runs whose stages are asked for side by side. */
const AT_ONCE = 16;

/** Reads the newest runs of a pipeline with their stages. Throws PIPELINE_NOT_FOUND, UNAVAILABLE. */
export async function readReport(clients: Pick<Clients, 'runs' | 'definitions'>, { pipeline, limit, now }: { pipeline: string; limit: number; now: number }): Promise<PipelineReport> {
  // Without it a name with a typing mistake would be a pipeline without runs.
  await clients.definitions.getDefinition({ pipeline, version: 0 });
  // Half of them may be refreshes that the report leaves out.
  const { runs } = await clients.runs.listRuns({ pipeline, backfill: '', limit: Math.min(MAX_LIMIT, 2 * limit), status: RunStatus.UNSPECIFIED });
  const queue: Run[] = [...runs];
  const answers: GetRunResponse[] = [];
  while (queue.length > 0) answers.push(...(await Promise.all(queue.splice(0, AT_ONCE).map(({ runId }) => clients.runs.getRun({ run: runId })))));
  return pipelineReport(pipeline, answers, { limit, now });
}
