import type { Client } from '@temporalio/client';
import type { Logger } from '@weir/platform';

/**
 * Asks for one round of `reconcile`, so that schedules are right also after an upgrade of the platform and where no apply ran.
 * One that is open serves as well. What goes wrong is logged: schedules that exist go on as they are.
 */
export async function startReconcile(client: Client, taskQueue: string, log: Logger): Promise<void> {
  try {
    await client.workflow.start('reconcile', { workflowId: 'weir/reconcile', taskQueue, args: [{}], workflowIdConflictPolicy: 'USE_EXISTING' });
  } catch (error) {
    log.warn({ error }, 'Schedules could not be reconciled.');
  }
}
