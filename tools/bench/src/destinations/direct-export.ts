import { DuckDBInstance } from '@duckdb/node-api';
import { quoteLiteral, type ExportLayout } from '@weir/core';

/** What a script would do to export a table. */
export interface DirectExportJob {
  /** Absolute paths of the segments that hold the table. */
  readonly segments: readonly string[];
  /** Absolute path of the file to write. */
  readonly file: string;
  readonly format: ExportLayout['format'];
  readonly threads: number;
}

const OPTIONS: Readonly<Record<ExportLayout['format'], string>> = { parquet: 'format parquet, compression zstd', csv: 'format csv, header true', ndjson: 'format json' };

/** Copies the segments into one file: no hashes, no manifest, nothing is flushed. Gives its seconds, without those of its process' start. */
export async function exportDirectly({ segments, file, format, threads }: DirectExportJob): Promise<number> {
  const started = performance.now();
  const instance = await DuckDBInstance.create(':memory:', { threads: String(threads) });
  const engine = await instance.connect();
  await engine.run(`copy (from read_parquet([${segments.map(quoteLiteral).join(', ')}])) to ${quoteLiteral(file)} (${OPTIONS[format]})`);
  engine.closeSync();
  return (performance.now() - started) / 1_000;
}
