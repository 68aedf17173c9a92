/** How files are written, wherever they come from. Of no other format than csv do `delimiter` to `encoding` mean anything. */
export interface FileLayout {
  /** Fields with delimiters; a JSON object a line; one JSON document with the records in it; Parquet. */
  readonly format: FileFormat;
  /** `auto`: by the first bytes. */
  readonly compression: 'auto' | 'none' | 'gzip' | 'zstd';
  readonly delimiter: string;
  /** Empty where quotes mean nothing. */
  readonly quote: string;
  /** What makes a quote inside quotes a part of the field; the quote itself where it is doubled. */
  readonly escape: string;
  /** Whether the first line has the names of the columns; if not, these are the contract's in its order. */
  readonly header: boolean;
  /** Lines before the header, or the first row, which are not read. */
  readonly skipLines: number;
  readonly encoding: FileEncoding;
  /** Of json: names of the fields that lead to the list of records, such as `data.items`; empty where the document is the list, or the record. */
  readonly records: string;
}

export const FILE_FORMATS = ['csv', 'ndjson', 'json', 'parquet'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

export const FILE_ENCODINGS = ['utf-8', 'latin1', 'windows-1252', 'utf-16'] as const;
export type FileEncoding = (typeof FILE_ENCODINGS)[number];

/** A file of RFC 4180 with a header; what definitions mean that say nothing else. */
export const CSV_LAYOUT: FileLayout = { format: 'csv', compression: 'auto', delimiter: ',', quote: '"', escape: '"', header: true, skipLines: 0, encoding: 'utf-8', records: '' };

/** What empty text is in columns of text: null, or, with `keep`, itself. */
interface Texts {
  readonly emptyText?: 'keep' | undefined;
}

/** Dated files or a glob. */
export interface FileSource extends Texts {
  readonly type: 'file';
  readonly dataset: string;
  /** Absolute path; `{date}` (yyyy-mm-dd), `{hour}` (yyyy-mm-ddThh) or `{minute}` (yyyy-mm-ddThh-mm, the start of a grain of minutes) where there are intervals, `*` and `**` otherwise. */
  readonly path: string;
  readonly layout: FileLayout;
  /** What an interval without a file means. */
  readonly empty: 'allow' | 'error';
  /** Each interval takes the files that none before it took; `path` has no placeholders then. */
  readonly track?: 'new' | undefined;
}

/** Objects of a bucket; `path` is their key, with placeholders as in FileSource. */
export interface S3Source extends Omit<FileSource, 'type'> {
  readonly type: 's3';
  /** Name of the connection. */
  readonly connection: string;
  readonly bucket: string;
}

/** The answers of an HTTP API; each page is a JSON file of the raw zone. */
export interface ApiSource extends Texts {
  readonly type: 'api';
  readonly dataset: string;
  /** Name of the connection. */
  readonly connection: string;
  /** Below the connection's base path. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** JSON; where in it the records are. */
  readonly layout: FileLayout;
  readonly pages: ApiPages;
  /** How a request says which grain it wants; undefined where there are no intervals. */
  readonly interval?: ApiInterval | undefined;
}

/** How the next page is asked for. `size`: records a page, where the API takes a parameter for it; of pages by number and offset a shorter one is then the last. */
export type ApiPages =
  | { readonly by: 'none' }
  | { readonly by: 'page' | 'offset'; readonly parameter: string; readonly first: number; readonly size?: number | undefined; readonly sizeParameter?: string | undefined }
  | { readonly by: 'cursor'; readonly parameter: string; readonly next: string; readonly size?: number | undefined; readonly sizeParameter?: string | undefined }
  /** Of the Link header, or of the field `next` of a page. */
  | { readonly by: 'link'; readonly next?: string | undefined };

/** Parameters for the start of a grain (inclusive) and its end (exclusive). */
export interface ApiInterval {
  readonly from: string;
  readonly to: string;
  readonly format: 'iso' | 'epoch_s' | 'epoch_ms';
}

/** A table of a Postgres: whole where there are no intervals, otherwise the rows whose cursor lies in the grain. */
export interface PostgresSource extends Texts {
  readonly type: 'postgres';
  readonly dataset: string;
  /** Name of the connection. */
  readonly connection: string;
  /** `schema.table`. */
  readonly table: string;
  /** A column of times, or of ids where each interval takes the rows that none before it took; undefined where there are no intervals. */
  readonly cursor?: string | undefined;
  readonly track?: 'new' | undefined;
  /** How COPY writes: always CSV_LAYOUT. */
  readonly layout: FileLayout;
}

/** How the values of a topic are written; the last two in the Confluent wire format, with their schemas in a registry. */
export type RecordFormat = 'json' | 'avro' | 'json_schema';

/** A topic of Kafka, whose records are rows. */
export interface KafkaSource extends Texts {
  readonly type: 'kafka';
  readonly dataset: string;
  /** Name of the connection. */
  readonly connection: string;
  readonly topic: string;
  readonly format: RecordFormat;
  /** Where a stream begins that has no position yet: `earliest`, `latest` or a canonical instant. */
  readonly start: string;
}

/** Where the rows come from. All but topics give files. */
export type Source = FileSource | S3Source | ApiSource | PostgresSource | KafkaSource;

/** Whether a source is read in sequence: an interval takes what is new, which is pinned to it. All others are read by interval, in any order. */
export function isReadInSequence(source: Source): boolean {
  return 'track' in source && source.track === 'new';
}

/** How the records of a source come: fields by columns, JSON values of files, or the values of a log with their offsets. */
export type RecordForm = 'fields' | 'values' | 'log';

export function recordForm(source: Source): RecordForm {
  if (source.type === 'kafka') return 'log';
  return source.layout.format === 'json' || source.layout.format === 'ndjson' ? 'values' : 'fields';
}
