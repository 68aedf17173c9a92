import { WeirError } from '@weir/core';
import type { pipelineStream, StreamProgress } from '@weir/orchestrator';
import { lookUp, query, type Temporal } from '../temporal';
import { fromTemporal } from '../temporal-failure';

/** The name is the orchestrator's; the compiler compares it. */
export const STREAM_WORKFLOW: (typeof pipelineStream)['name'] = 'pipelineStream';

const PREFIX = 'stream/';

/** The id under which the stream of a pipeline runs: there is one at a time. */
export function streamIdOf(pipeline: string): string {
  return `${PREFIX}${pipeline}`;
}

/** The pipeline that a person means by its name or by its stream's workflow id. */
export function pipelineOfStream(text: string): string {
  return text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text;
}

/** An open stream. */
export interface OpenStream {
  readonly pipeline: string;
  readonly workflowId: string;
  readonly runId: string;
}

/** The open stream of a pipeline, by the pipeline's name or its workflow id. Throws STREAM_NOT_FOUND. */
export async function findStream(temporal: Temporal, text: string): Promise<OpenStream> {
  const pipeline = pipelineOfStream(text);
  const workflowId = streamIdOf(pipeline);
  const found = await lookUp(temporal, { workflowId });
  if (!found?.open || found.type !== STREAM_WORKFLOW) throw streamNotFound(pipeline, found !== undefined);
  return { pipeline, workflowId, runId: found.runId };
}

export function streamNotFound(pipeline: string, ended: boolean): WeirError {
  return new WeirError({
    code: 'STREAM_NOT_FOUND',
    place: streamIdOf(pipeline),
    message: ended ? `The stream of ${pipeline} has ended.` : `No stream of ${pipeline} runs.`,
    fix: `Start it with \`weir streams start ${pipeline}\`; \`weir streams list\` shows those that run.`,
  });
}

/** Where a stream stands by its own answer; undefined while its worker does not answer. */
export function progressOf(temporal: Temporal, { workflowId }: Pick<OpenStream, 'workflowId'>): Promise<StreamProgress | undefined> {
  return query<StreamProgress>(temporal, { workflowId }, 'progress');
}

/** All open streams, by pipeline. Temporal may need a second to list one that was just started. Throws UNAVAILABLE. */
export async function openStreams({ asking }: Temporal): Promise<OpenStream[]> {
  const found: OpenStream[] = [];
  try {
    for await (const { workflowId, runId } of asking.workflow.list({ query: `WorkflowType = "${STREAM_WORKFLOW}" and ExecutionStatus = "Running"` })) {
      found.push({ pipeline: pipelineOfStream(workflowId), workflowId, runId });
    }
  } catch (error) {
    throw fromTemporal(error, 'streams');
  }
  return found.toSorted((a, b) => (a.pipeline < b.pipeline ? -1 : 1));
}
