import { placed } from './errors';
import type { Isolation } from './isolate-rows';

/** The isolation of a table, by the table's label. */
export interface LabelledIsolation {
  readonly label: string;
  readonly isolation: Pick<Isolation, 'retry'>;
}

/** What one table got may be what a row of another one was refused for want of: tries such rows again, until none of them is written any more. */
export async function retryRefused(isolations: readonly LabelledIsolation[]): Promise<void> {
  for (let round = 0; round < isolations.length; round += 1) {
    let landed = false;
    for (const { label, isolation } of isolations) landed = (await placed(label, () => isolation.retry())) || landed;
    if (!landed) return;
  }
}
