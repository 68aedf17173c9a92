import type { Lake } from '@weir/lake';
import type { Metadata } from './metadata';

/** What the use case works with. */
export interface Dependencies {
  readonly lake: Lake;
  readonly metadata: Metadata;
  readonly engine: { readonly memoryLimit: string; readonly threads: number };
}
