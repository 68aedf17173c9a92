import type { DamagedSpan, FoundRecord, LineRun, RecordScan } from '@weir/connectors';
import type { ContractDataset, FileLayout } from '@weir/core';
import type { Engine } from '@weir/engine';
import { csvFormat } from './csv-format';
import { jsonFormat, ndjsonFormat } from './json-format';
import { parquetFormat } from './parquet-format';

/** What one pass over a raw file tells, whatever its format. */
export type FileScan = RecordScan<DamagedSpan<string>>;

/** A raw file and what its bytes tell. */
export interface ScannedFile<Scan extends FileScan = FileScan> {
  /** Number of the file within the run, in reading order. */
  readonly file: number;
  readonly partition: string;
  /** For people, such as `2010-12-01.csv`. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** Of the raw file as it came. */
  readonly sha256: string;
  readonly scan: Scan;
  /** Ordinal of its first whole record within the run. */
  readonly first: number;
}

export interface ScanCall {
  /** The file's name for people. */
  readonly name: string;
  /** Absolute path of a folder for temporary files. */
  readonly dir: string;
  readonly signal: AbortSignal;
  readonly onLineRun: (run: LineRun) => void;
  /** Called now and then with the bytes read so far; awaited. */
  readonly onChunk: (bytes: number) => Promise<void> | void;
}

export interface RelationCall {
  readonly engine: Engine;
  readonly dataset: ContractDataset;
  /** Absolute path of the engine's staging folder. */
  readonly dir: string;
  readonly signal: AbortSignal;
}

/** How raw files of one layout are read. Sibling formats do the same for theirs. */
export interface FileFormat<Scan extends FileScan = FileScan> {
  /** Whether records have fields by columns, or are JSON values. */
  readonly form: 'fields' | 'values';
  /** Throws FILE_MALFORMED and FILE_TRUNCATED with file and line. */
  scan(path: string, call: ScanCall): Promise<Scan>;
  /** Names of the file's columns as they stand there; undefined where records name their fields themselves. */
  header(scan: Scan): readonly string[] | undefined;
  /** SQL of relations that give the whole records of all files, in file order, as ValidatePlan.decodeFrom takes them. Throws HEADER_MISMATCH, CONTRACT_FROZEN. */
  relations(files: readonly ScannedFile<Scan>[], call: RelationCall): Promise<string[]>;
  /** The whole records of these ordinals within the file, ascending, as they came. */
  originals(file: ScannedFile<Scan>, ordinals: readonly number[], engine: Engine): AsyncIterable<FoundRecord>;
  /** What an error of the engine means that reads the relation of this place, one a file; absent where it means what it says. */
  fault?(error: unknown, file: ScannedFile<Scan>): unknown;
  /** What is wrong with a damaged record. */
  damageReason(file: ScannedFile<Scan>, damaged: Scan['damaged'][number]): string;
}

/** The reader of files of a layout. */
export function fileFormat(layout: FileLayout, dataset: ContractDataset): FileFormat {
  switch (layout.format) {
    case 'csv':
      return csvFormat(layout, dataset);
    case 'ndjson':
      return ndjsonFormat;
    case 'json':
      return jsonFormat(layout);
    case 'parquet':
      return parquetFormat;
  }
}
