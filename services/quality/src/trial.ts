import type { Definition } from '@weir/core';
import type { Dependencies } from './dependencies';
import type { OpenRow } from './try-rows';

/** Open rows that are judged by a definition without consequences. */
export interface Trial extends Pick<Dependencies, 'lake' | 'engine' | 'engines' | 'decoder' | 'log'> {
  readonly definition: Definition;
  /** Of the definition. */
  readonly version: number;
  readonly rows: readonly OpenRow[];
  readonly signal: AbortSignal;
}
