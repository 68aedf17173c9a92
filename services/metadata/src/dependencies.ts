import type { SqlInspector } from '@weir/core';
import type { Lake } from '@weir/lake';
import type pg from 'pg';

/** What the use cases work with; each takes the part it needs. */
export interface Dependencies {
  /** The platform database; the tables are in schema `metadata`. */
  readonly pool: pg.Pool;
  readonly lake: Lake;
  readonly inspector: SqlInspector;
}
