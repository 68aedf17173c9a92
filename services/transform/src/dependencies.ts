import type { CompactionPlace, WarmEngines } from '@weir/engine';
import type { Lake } from '@weir/lake';
import type { Metadata } from './metadata';

/** What the use cases work with. */
export interface Dependencies {
  readonly lake: Lake;
  readonly metadata: Metadata;
  /** Plans which files to write anew, and takes them. */
  readonly compaction: CompactionPlace['catalog'];
  readonly engine: { readonly memoryLimit: string; readonly threads: number };
  /** For micro-batches; one engine for each version of a pipeline. */
  readonly warm: WarmEngines;
}
