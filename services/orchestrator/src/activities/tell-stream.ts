import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import { WeirError } from '@weir/core';

/** Tells the stream of a pipeline which version was applied; one that does not run need not know. Throws UNAVAILABLE when Temporal does not answer. */
export async function tellStream(pipeline: string, version: number): Promise<void> {
  try {
    await Context.current().client.workflow.getHandle(`stream/${pipeline}`).signal('definitionApplied', { version });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return;
    throw new WeirError({ code: 'UNAVAILABLE', message: `Temporal did not take what was applied to the stream of ${pipeline}: ${(error as Error).message}` }, { cause: error });
  }
}
