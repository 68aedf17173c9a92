import type { Isolation } from './isolate-rows';

/** What one table got may be what a row of another one was refused for want of: tries such rows again, until none of them is written any more. */
export async function retryRefused(isolations: readonly Pick<Isolation, 'retry'>[]): Promise<void> {
  for (let round = 0; round < isolations.length; round += 1) {
    let landed = false;
    for (const isolation of isolations) landed = (await isolation.retry()) || landed;
    if (!landed) return;
  }
}
