import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities';

const short = proxyActivities<Activities>({ startToCloseTimeout: 10_000, retry: { initialInterval: 200, maximumInterval: 5_000 } });

/** Requests the cancellation of this very execution, as `temporal workflow cancel` does; Temporal then ends it as Canceled. */
export async function stopSelf(): Promise<void> {
  await short.cancelSelf();
}
