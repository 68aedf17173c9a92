import type { Definition } from '@weir/core';
import type { ManifestDataset } from '@weir/lake';
import type { Surroundings } from './check-surroundings';
import type { Dependencies } from './dependencies';
import type { StageRequest } from './stage-request';

/** One attempt to validate. */
export interface Work extends Omit<Dependencies, 'definition'> {
  readonly stage: StageRequest;
  readonly definition: Definition;
  readonly raw: ManifestDataset;
  /** Of the checks of the source. */
  readonly surroundings: Surroundings;
  /** The attempt's temporary folder. */
  readonly dir: string;
  readonly signal: AbortSignal;
}
