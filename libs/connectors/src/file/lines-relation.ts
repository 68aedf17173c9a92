import { FILE_COLUMN, quoteLiteral } from '@weir/core';
import { UNIT_SEPARATOR } from './line-machine';
import { MAX_RECORD_BYTES } from './record-machine';

/** A file of lines as the engine is to read it: plain, or what rewriteNdjson or rewriteJson made of it. */
export interface LineFile {
  /** Number of the file within the run; those of one relation follow each other. */
  readonly file: number;
  /** Absolute. */
  readonly path: string;
}

/**
 * SQL of a relation `value, FILE_COLUMN` that gives each line of the files as text, in file order and in the order of lines. The engine's reader of CSV is the fastest that
 * it has for lines, 700 MB/s with two threads, and keeps to its memory; a column never ends, because no line has the delimiter, and nothing is quoted.
 */
export function linesRelation(files: readonly LineFile[]): string {
  const options = [
    `columns = {'value': 'VARCHAR'}`,
    `delim = chr(${UNIT_SEPARATOR})`,
    `auto_detect = false, header = false, quote = '', escape = '', comment = '', nullstr = '', strict_mode = true, null_padding = false, ignore_errors = false, compression = 'none', encoding = 'utf-8', parallel = true`,
    // With room for a line end and for the engine's own reckoning.
    `max_line_size = ${MAX_RECORD_BYTES + 1024}`,
  ];
  const paths = files.map(({ path }) => quoteLiteral(path)).join(', ');
  return `(select value, (file_index + ${files[0]?.file ?? 0})::INTEGER as ${FILE_COLUMN} from read_csv([${paths}], ${options.join(', ')}))`;
}
