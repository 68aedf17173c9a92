import type { ExportLayout } from '@weir/core';

/** A destination that the same orders are loaded into. */
export interface Kind {
  readonly name: string;
  /** Of files; undefined for a table. */
  readonly format?: ExportLayout['format'];
  /** Orders that the table refuses. */
  readonly refused: number;
}

/** Tables that refuse nothing, one order and a hundred; files of each format. */
export const KINDS: readonly Kind[] = [
  { name: 'table', refused: 0 },
  { name: 'table, 1 refused', refused: 1 },
  { name: 'table, 100 refused', refused: 100 },
  { name: 'Parquet', format: 'parquet', refused: 0 },
  { name: 'CSV', format: 'csv', refused: 0 },
  { name: 'lines of JSON', format: 'ndjson', refused: 0 },
];
