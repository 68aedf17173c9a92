import type { Definition } from '@weir/core';
import type { ManifestDataset } from '@weir/lake';
import type { Dependencies } from './dependencies';
import type { StageRequest } from './stage-request';

/** One attempt to validate. */
export interface Work extends Omit<Dependencies, 'definition'> {
  readonly stage: StageRequest;
  readonly definition: Definition;
  readonly raw: ManifestDataset;
  /** The attempt's temporary folder. */
  readonly dir: string;
  readonly signal: AbortSignal;
}
