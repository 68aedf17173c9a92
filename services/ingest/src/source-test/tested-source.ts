import type { ContractDataset, Definition, Interval } from '@weir/core';
import type { EngineOptions } from '@weir/engine';
import type { KafkaClients } from '../kafka';
import type { ConnectionDependencies } from '../source-connections';

/** A source that is looked at, and what that takes. */
export interface TestedSource extends ConnectionDependencies, Pick<KafkaClients, 'topicLog'> {
  readonly definition: Definition;
  /** Of the source. */
  readonly dataset: ContractDataset;
  /** Canonical; undefined for all there is. */
  readonly interval: Interval | undefined;
  readonly engine: Pick<EngineOptions, 'memoryLimit' | 'threads'>;
  /** A folder for temporary files. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}
