import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { checkParquet, type FoundRecord } from '@weir/connectors';
import { FILE_COLUMN, fileColumnName, fileTextsSql, isWeirError, quoteIdent, quoteLiteral, WeirError, type FileColumn } from '@weir/core';
import { withEngine, type Engine } from '@weir/engine';
import { matchHeader } from '../match-header';
import type { FileFormat, FileScan, ScanCall, ScannedFile } from './file-format';

/** What the footer of a Parquet file tells. Its records are never damaged: a page that cannot be read is the whole file's fault. */
export interface ParquetScan extends FileScan {
  readonly columns: readonly ParquetColumn[];
}

interface ParquetColumn {
  readonly name: string;
  /** As the engine calls it. */
  readonly type: string;
}

/** Files of Parquet: the engine reads them as they are; a row's line is its number in the file, from 1. */
export const parquetFormat: FileFormat<ParquetScan> = {
  form: 'fields',
  scan: scanParquet,
  header: ({ columns }) => columns.map(({ name }) => name),
  relations: (files, { dataset }) => {
    const headers = files.map((file) => matchHeader(file.scan.columns.map(({ name }) => name), dataset, file.name));
    if (files.length === 0) return Promise.resolve([fileTextsSql(dataset, [], `(select 0 as ${FILE_COLUMN} where false)`, [FILE_COLUMN])]);
    return Promise.resolve(files.map((file, at) => fileTextsSql(dataset, headers[at] ?? [], textsOf(file, headers[at] ?? []), [FILE_COLUMN])));
  },
  originals: originalsOf,
  damageReason: () => '',
  // Of each file there is a relation.
  fault: malformed,
};

/** Memory of the engine that looks at footers. */
const FOOTER_LIMITS = { memoryLimit: '64MB', threads: 1 };

async function scanParquet(path: string, { name, dir, signal, onChunk }: ScanCall): Promise<ParquetScan> {
  await checkParquet(path, name);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, signal })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    await onChunk(bytes);
  }
  const { columns, records } = await withEngine({ inputs: [path], staging: dir, ...FOOTER_LIMITS, signal }, (engine) => footer(engine, path)).catch((error: unknown) => {
    throw malformed(error, { name });
  });
  return { bytes, sha256: hash.digest('hex'), records, damaged: [], index: { offsets: [], lines: [] }, shift: 1, columns };
}

async function footer(engine: Engine, path: string): Promise<{ columns: ParquetColumn[]; records: number }> {
  const columns = await engine.rows<ParquetColumn>(`select column_name as name, column_type as type from (describe select * from read_parquet(${quoteLiteral(path)}))`, 'columns of a file');
  const [counted] = await engine.rows<{ records: number }>(`select num_rows as records from parquet_file_metadata(${quoteLiteral(path)})`, 'rows of a file');
  return { columns, records: counted?.records ?? 0 };
}

/** What the engine says of a file that it cannot read; a stage that was cancelled, or has no memory, need not be the file's fault. */
const FAULTS = new Set(['SEGMENT_CORRUPT', 'MODEL_FAILED', 'ENGINE_FAILED']);

function malformed(error: unknown, { name }: Pick<ScannedFile, 'name'>): unknown {
  // A length that was damaged may ask for any amount: then it helps to know where.
  if (isWeirError(error) && error.code === 'MEMORY_LIMIT') return new WeirError({ code: error.code, message: `While ${name} was read: ${error.message}`, place: name, fix: 'Run smaller intervals, raise the memory limit of the service, or have the file written anew if it is damaged.' }, { cause: error });
  if (!isWeirError(error) || !FAULTS.has(error.code)) return error;
  return new WeirError({ code: 'FILE_MALFORMED', message: `${name} is no Parquet file that can be read: ${error.message.slice(0, 300)}`, place: name }, { cause: error });
}

/** The columns by their place, as the text that other formats would have; what has parts as JSON. */
function textsOf({ path, file, scan }: ScannedFile<ParquetScan>, header: readonly FileColumn[]): string {
  const texts = scan.columns.map(({ name, type }, place) => `${textOf(quoteIdent(name), type)} as ${fileColumnName(place)}`);
  return `(select ${texts.slice(0, header.length).join(', ')}, ${file}::INTEGER as ${FILE_COLUMN} from read_parquet(${quoteLiteral(path)}))`;
}

function textOf(column: string, type: string): string {
  if (type === 'TIMESTAMP WITH TIME ZONE') return `make_timestamp(epoch_us(${column}))::VARCHAR`;
  if (type === 'BLOB') return `coalesce(try(decode(${column})), hex(${column}))`;
  if (/\[|^(STRUCT|MAP|UNION)/.test(type)) return `to_json(${column})::VARCHAR`;
  return `${column}::VARCHAR`;
}

/** Rows as JSON objects: the bytes of a row lie all over the file. */
async function* originalsOf({ path, scan }: ScannedFile<ParquetScan>, ordinals: readonly number[], engine: Engine): AsyncGenerator<FoundRecord> {
  const members = scan.columns.map(({ name }) => `${quoteLiteral(name)}: ${quoteIdent(name)}`);
  const rows = await engine.rows<{ ordinal: number; text: string }>(
    `select file_row_number as ordinal, to_json({${members.join(', ')}})::VARCHAR as text from read_parquet(${quoteLiteral(path)}, file_row_number = true) where file_row_number in (${ordinals.join(', ')}) order by 1`,
    'rows of a file',
  );
  for (const { ordinal, text } of rows) yield { ordinal, offset: ordinal, line: ordinal + 1, bytes: Buffer.from(text) };
}
