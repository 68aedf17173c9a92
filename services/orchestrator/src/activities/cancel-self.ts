import { Context } from '@temporalio/activity';

/** Requests the cancellation of the workflow that calls it. Repeating it changes nothing; Temporal retries it. */
export function cancelSelf() {
  return async (): Promise<void> => {
    const { client, info } = Context.current();
    const { workflowId = '', runId } = info.workflowExecution ?? {};
    await client.workflow.getHandle(workflowId, runId).cancel();
  };
}
