import { RunStatus, type Clients } from '@weir/rpc';
import { MAX_LIMIT } from '../limit';
import { sideBySide } from '../side-by-side';
import { pipelineReport, type PipelineReport } from './pipeline-report';

/** Reads the newest runs of a pipeline with their stages. Throws PIPELINE_NOT_FOUND, UNAVAILABLE. */
export async function readReport(clients: Pick<Clients, 'runs' | 'definitions'>, { pipeline, limit, now }: { pipeline: string; limit: number; now: number }): Promise<PipelineReport> {
  // Without it a name with a typing mistake would be a pipeline without runs.
  await clients.definitions.getDefinition({ pipeline, version: 0 });
  // Half of them may be refreshes that the report leaves out.
  const { runs } = await clients.runs.listRuns({ pipeline, backfill: '', limit: Math.min(MAX_LIMIT, 2 * limit), status: RunStatus.UNSPECIFIED });
  const answers = await sideBySide(runs, ({ runId }) => clients.runs.getRun({ run: runId }));
  return pipelineReport(pipeline, answers, { limit, now });
}
