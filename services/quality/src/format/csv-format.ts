import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { findRecords, rewriteCsv, scanCsv, type CsvDialect, type CsvScan } from '@weir/connectors';
import { FILE_COLUMN, fileColumnName, fileTextsSql, quoteLiteral, type ContractDataset, type FileColumn, type FileLayout } from '@weir/core';
import { matchHeader } from '../match-header';
import { DAMAGE } from './damage';
import type { FileFormat, RelationCall, ScannedFile } from './file-format';
import { filesOfStatements } from './files-of-statement';

/** Files of fields with delimiters; without a header their columns are the contract's, in its order. */
export function csvFormat(layout: FileLayout, { columns }: ContractDataset): FileFormat<CsvScan> {
  const { delimiter, quote, escape, skipLines } = layout;
  const header = layout.header ? undefined : columns.map(({ physicalName }) => physicalName);
  const dialect: CsvDialect = { delimiter, quote, escape, header, skipLines };
  return {
    form: 'fields',
    scan: (path, call) => scanCsv(path, { ...call, ...dialect }),
    header: (scan) => scan.header,
    relations: async (files, call) => textRelations(call.dataset, await cleanFiles(files, dialect, call), layout),
    originals: (file, ordinals) => findRecords(file.path, file.scan, ordinals, { name: file.name, ...dialect }),
    damageReason: ({ scan: { header: names } }, { damage, fields }) =>
      damage === 'too_few_fields' || damage === 'too_many_fields' ? `The row has ${fields} ${fields === 1 ? 'field' : 'fields'}, the header ${names.length}.` : (DAMAGE.get(damage) ?? ''),
  };
}

/** A file of the run as the engine is to read it. */
export interface TextFile {
  readonly file: number;
  /** Absolute: the raw file, or its copy without what the engine would stumble over. */
  readonly path: string;
  /** In the order of the file. */
  readonly columns: readonly FileColumn[];
  readonly multiline: boolean;
  /** Every record ends with LF, as in copies: then the engine is told so, because by itself it takes the first line end for that of the file, even one in quotes. */
  readonly copied: boolean;
}

async function cleanFiles(files: readonly ScannedFile<CsvScan>[], dialect: CsvDialect, { dataset, dir, signal }: RelationCall): Promise<TextFile[]> {
  // All headers before any work: a wrong one ends the run.
  const headers = files.map((file) => matchHeader(file.scan.header, dataset, file.name));
  const cleaned: TextFile[] = [];
  for (const [index, file] of files.entries()) cleaned.push(await cleanFile(file, headers[index] ?? [], dialect, dir, signal));
  return cleaned;
}

/** Files that the engine reads as the scan did stay where they are; of the others a cleaned copy is made in `dir`. */
export async function cleanFile(scanned: ScannedFile<CsvScan>, columns: readonly FileColumn[], dialect: CsvDialect, dir: string, signal: AbortSignal): Promise<TextFile> {
  const { file, name, path, scan } = scanned;
  const text = { file, columns, multiline: scan.multiline, copied: !scan.plain };
  if (scan.plain) return { ...text, path };
  const copy = join(dir, `clean-${file}.csv`);
  await pipeline(rewriteCsv(path, scan, { name, ...dialect, signal }), createWriteStream(copy, { flags: 'wx' }));
  return { ...text, path: copy };
}

/**
 * Relations that give the files' records as text, in file order, with the number of the file. Files one after the other with the same
 * header share one, so that a hundred files cost one statement. Without files one that gives nothing.
 */
export function textRelations(dataset: ContractDataset, files: readonly TextFile[], layout: FileLayout): string[] {
  const groups: TextFile[][] = [];
  for (const file of files) {
    const group = groups.at(-1);
    if (group?.[0] && group[0].copied === file.copied && JSON.stringify(group[0].columns) === JSON.stringify(file.columns)) group.push(file);
    else groups.push([file]);
  }
  if (groups.length === 0) return [fileTextsSql(dataset, [], `(select 0 as ${FILE_COLUMN} where false)`, [FILE_COLUMN])];
  return groups.flatMap((group) => filesOfStatements(group, dataset.columns.length)).map((group) => fileTextsSql(dataset, group[0]?.columns ?? [], textRelation(group, layout, dataset), [FILE_COLUMN]));
}

/** What the engine reads at once: of its own 32 MB for each of several buffers little comes back before the run ends (measured: 40 to 70 MiB less, in the same time). A line has 2 MB at most. */
const READ_BYTES = 4 * 1024 * 1024;

/**
 * Every option is said, nothing is guessed: the scan has decided what the file holds. A file with line ends inside quotes is read by one
 * thread, because the engine guesses where a part of a file begins.
 */
function textRelation(group: readonly TextFile[], { delimiter, quote, header }: FileLayout, { emptyText }: ContractDataset): string {
  const columns = group[0]?.columns ?? [];
  const places = columns.map((_, at) => fileColumnName(at));
  const names = places.map((name) => `'${name}': 'VARCHAR'`).join(', ');
  const options = [
    `columns = {${names}}`,
    `delim = ${quoteLiteral(delimiter)}`,
    // Escapes of another kind are doubled quotes in the copy.
    `quote = ${quoteLiteral(quote)}, escape = ${quoteLiteral(quote)}, header = ${header}`,
    `auto_detect = false, comment = '', nullstr = '', strict_mode = true, null_padding = false, ignore_errors = false, compression = 'none', encoding = 'utf-8'`,
    `parallel = ${!group.some((file) => file.multiline)}`,
    `buffer_size = ${READ_BYTES}`,
    // A row of one column can only have its null in quotes: as a blank line it would be no record.
    ...(emptyText === 'keep' && columns.length > 1 ? ['allow_quoted_nulls = false'] : []),
    ...(group[0]?.copied ? [`new_line = '\\n'`] : []),
  ];
  const paths = group.map((file) => quoteLiteral(file.path)).join(', ');
  const first = group[0]?.file ?? 0;
  return `(select ${places.join(', ')}, (file_index + ${first})::INTEGER as ${FILE_COLUMN} from read_csv([${paths}], ${options.join(', ')}))`;
}
