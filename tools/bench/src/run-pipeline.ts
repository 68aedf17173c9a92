import { Client, Connection } from '@temporalio/client';
import type { Interval } from '@weir/core';
import { connect, type GetRunResponse } from '@weir/rpc';
import type { PlatformState } from '@weir/servers';

/** Runs a pipeline to its end, as `weir run` does, and gives the run's id. Throws what Temporal says of a run that failed. */
export async function runPipeline(state: PlatformState, pipeline: string, name: string, interval?: Interval): Promise<string> {
  const connection = await Connection.connect({ address: state.temporal });
  try {
    const client = new Client({ connection, namespace: state.namespace });
    const end: unknown = await client.workflow.execute('pipelineRun', { taskQueue: 'weir', workflowId: `run/${pipeline}/${name}`, args: [{ pipeline, interval }] });
    return (end as { runId: string }).runId;
  } finally {
    await connection.close();
  }
}

/** What metadata recorded of a run. */
export async function recordOf(state: PlatformState, runId: string): Promise<GetRunResponse> {
  const clients = connect(state.services);
  try {
    return await clients.runs.getRun({ run: runId });
  } finally {
    clients.close();
  }
}
