import type { JsonSchema } from '../yaml/validate-yaml';
import { DEFAULTS } from './defaults';
import { NAME_PATTERN, NAME_WORDS } from './names';
import { FILE_ENCODINGS, FILE_FORMATS } from './source';

const PARAMETER: JsonSchema = { type: 'string', pattern: '^[A-Za-z0-9_.\\[\\]$:-]{1,100}$', description: 'Write the name of a query parameter.' };
/** Names of fields with dots between them. */
export const FIELD_PATH = '^[^.\\s]{1,200}(\\.[^.\\s]{1,200}){0,15}$';

const PAGES: JsonSchema = {
  title: 'pages',
  type: 'object',
  additionalProperties: false,
  required: ['by'],
  properties: {
    by: { enum: ['none', 'page', 'offset', 'cursor', 'link'], description: 'how the next page is asked for: by its number, by how many records come before it, by what the page before says, by the link that it has to it, or not at all (`none`).' },
    parameter: { ...PARAMETER, description: 'the query parameter that asks for a page: of its number, of the records before it, or of the cursor.' },
    first: { type: 'integer', minimum: 0, maximum: 1_000_000, description: 'the number of the first page: 1 if nothing is said; of offsets 0.' },
    size: { type: 'integer', minimum: 1, maximum: 1_000_000, description: 'how many records a full page has; by page and offset a shorter one is the last.' },
    sizeParameter: { ...PARAMETER, description: 'the query parameter that asks for so many.' },
    next: { type: 'string', pattern: FIELD_PATH, description: 'the field of a page that has the cursor of the next one, or the link to it, such as meta.next; absent, empty or null on the last page. Of `link` without it, the `Link` header has the link.' },
  },
};

const INTERVAL: JsonSchema = {
  title: 'interval',
  type: 'object',
  additionalProperties: false,
  required: ['from', 'to'],
  properties: {
    from: { ...PARAMETER, description: 'the query parameter for the start of a grain.' },
    to: { ...PARAMETER, description: 'the query parameter for the end of a grain, which is no part of it.' },
    format: { enum: ['iso', 'epoch_s', 'epoch_ms'], default: DEFAULTS.apiInterval, description: 'how times are written: 2026-01-01T00:00:00Z, or seconds or milliseconds since 1970.' },
  },
};

/** What pipeline.yaml may say of its source: the keys of all types; which type has which is checked by parse-source.ts. */
export const SOURCE_SCHEMA: JsonSchema = {
  title: 'source',
  type: 'object',
  additionalProperties: false,
  required: ['dataset', 'type'],
  properties: {
    dataset: { type: 'string', pattern: NAME_PATTERN, description: `the name of the rows as they come in; models read them as bronze.<dataset>: ${NAME_WORDS}` },
    type: { enum: ['file', 's3', 'api', 'postgres', 'kafka'], description: '`file`: files of this machine; `s3`: objects of a bucket; `api`: JSON over HTTP; `postgres`: a table; `kafka`: the records of a topic.' },
    path: {
      type: 'string',
      minLength: 1,
      maxLength: 4096,
      description: 'of file: the files: with {date} (2010-12-01), {hour} (2010-12-01T10) or, for a grain of minutes, {minute} (2010-12-01T10-05, its start) where the pipeline has a grain, with * and ** otherwise; times are UTC; relative to this folder. Of s3: the keys of the objects, likewise. Of api: the path of the requests.',
    },
    format: {
      enum: [...FILE_FORMATS, 'avro', 'json_schema'],
      description: 'how the data is written. Files: `csv` (if nothing is said), `ndjson` (a JSON object a line), `json` (one document), `parquet`. Topics: plain `json` (if nothing is said), or `avro` or `json_schema` in the Confluent wire format, with their schemas in the registry.',
    },
    compression: { enum: ['auto', 'none', 'gzip', 'zstd'], default: DEFAULTS.compression, description: 'how files are compressed; `auto` looks at their first bytes.' },
    delimiter: { type: 'string', minLength: 1, maxLength: 1, default: DEFAULTS.delimiter, description: 'of csv: the character between fields.' },
    quote: { type: 'string', maxLength: 1, default: DEFAULTS.quote, description: 'of csv: the character around fields; empty where quotes mean nothing.' },
    escape: { type: 'string', minLength: 1, maxLength: 1, description: 'of csv: the character that makes a quote a part of its field, such as \\; if nothing is said, quotes are doubled.' },
    header: { type: 'boolean', default: true, description: 'of csv: whether the first line has the names of the columns; if not, they are the contract\'s, in its order.' },
    skipLines: { type: 'integer', minimum: 0, maximum: 10_000, default: 0, description: 'of csv: how many lines before the header are no data.' },
    encoding: { enum: [...FILE_ENCODINGS], default: DEFAULTS.encoding, description: 'of csv: how characters are written.' },
    emptyText: { enum: ['keep'], description: '`keep`: empty text (of csv: nothing between quotes) stays what it is in columns of text; if nothing is said, it is null.' },
    records: { type: 'string', pattern: FIELD_PATH, description: 'of json and api: the field that has the list of records, such as data.items; if nothing is said, the document is the list, or the one record.' },
    empty: { enum: ['allow', 'error'], default: DEFAULTS.empty, description: 'of files: what an interval without one is: an `error`, or normal (`allow`, which with `track: new` is what holds if nothing is said).' },
    track: { enum: ['new'], description: '`new`: each interval takes what no interval before it took: the files or objects that match the path, which has no dates then; or the rows of a table with greater ids.' },
    connection: { type: 'string', minLength: 1, maxLength: 63, description: 'the system that has the data: a name in connections.yaml; of kafka `kafka`, which comes with `weir up`.' },
    bucket: { type: 'string', pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$', description: 'the bucket: lower-case letters, digits, dots and -.' },
    query: { type: 'object', maxProperties: 50, propertyNames: { pattern: '^[A-Za-z0-9_.\\[\\]$:-]{1,100}$' }, additionalProperties: { type: ['string', 'number', 'boolean'], description: 'Write one value.' }, description: 'query parameters of every request, as a mapping.' },
    pages: { ...PAGES, description: 'how an API gives its pages: a mapping of `by` and more.' },
    interval: { ...INTERVAL, description: 'how requests to an API say which grain they want: a mapping of from and to.' },
    table: { type: 'string', pattern: '^[a-z_][a-z0-9_$]{0,62}(\\.[a-z_][a-z0-9_$]{0,62})?$', description: 'the table, as schema.table; without a schema that of `public`.' },
    cursor: { type: 'string', pattern: '^[a-z_][a-z0-9_$]{0,62}$', description: 'the column of times that says which grain a row is of, such as updated_at; with `track: new` the column of ids.' },
    topic: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,249}$', description: 'the name of the topic: letters, digits, dots, _ and -, at most 249 of them.' },
    start: { type: 'string', maxLength: 40, default: DEFAULTS.startFrom, description: 'where a stream begins that has no position yet: `earliest`, `latest`, or a time such as 2026-01-01T00:00:00Z.' },
  },
};
