import type { WorkflowHandle } from '@temporalio/client';

/** What the activity that a workflow waits for does now, such as `bronze.orders 12 of 40`; undefined when it waits for none, or none has told. */
export async function heartbeatOf(handle: WorkflowHandle): Promise<string | undefined> {
  const { raw } = await handle.describe();
  const data = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads?.[0]?.data;
  if (!data) return undefined;
  const { step, done, total } = JSON.parse(Buffer.from(data).toString('utf8')) as { step: string; done: number; total: number };
  return total > 0 ? `${step} ${done} of ${total}` : done > 0 ? `${step} ${done}` : step;
}
