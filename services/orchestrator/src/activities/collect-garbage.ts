import type { CollectedDataset } from '@weir/rpc';
import { attemptStep, type Deps } from './attempt';

export interface CollectInput {
  /** Empty for temporary files that belong to no run. */
  readonly pipeline: string;
  readonly dryRun: boolean;
  readonly graceMs: number;
  /** 0 keeps all snapshots. */
  readonly passedSnapshot: number;
}

/** What went, or would go. */
export interface Collected {
  readonly datasets: readonly CollectedDataset[];
  readonly forgottenBelow: number;
  /** Names of files that the source has not had for long; undefined for none. */
  readonly forgottenFiles?: number | undefined;
}

/** Has metadata remove what a pipeline no longer needs; repeating it finishes what broke off. */
export function collectGarbage(deps: Deps) {
  return (input: CollectInput): Promise<Collected> =>
    attemptStep('collect', { pipeline: input.pipeline }, (call) => call.result(deps.clients.catalog.collectGarbage(input, call.options)));
}
