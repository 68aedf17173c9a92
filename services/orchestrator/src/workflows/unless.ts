import { CancellationScope, condition } from '@temporalio/workflow';
import { settle, type Settled } from './ending';

/** Does something until it ends or `reason` comes true, which cancels it: its end is then a cancellation. Throws when the workflow itself is cancelled. */
export async function unless<T>(reason: () => boolean, body: () => Promise<T>): Promise<Settled<T>> {
  const scope = new CancellationScope();
  let end: Settled<T> | undefined;
  const ending = settle(scope.run(body)).then((settled) => (end = settled));
  await condition(() => end !== undefined || reason());
  if (!end) scope.cancel();
  return ending;
}
