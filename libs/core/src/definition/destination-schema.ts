import type { JsonSchema } from '../yaml/validate-yaml';
import { DEFAULTS } from './defaults';
import { NAME_PATTERN, NAME_WORDS } from './names';

/** Names that every file system and store takes, with slashes between; `.` and `..` are told apart by parse-destinations.ts. */
const PATH = '^[A-Za-z0-9_.=-]{1,100}(/[A-Za-z0-9_.=-]{1,100}){0,9}$';
const PATH_WORDS = 'names of letters, digits, `_`, `-`, `.` and `=`, with slashes between them.';

/** One of `destinations`. Which type has which keys is checked by parse-destinations.ts. */
export const DESTINATION_SCHEMA: JsonSchema = {
  title: 'destination',
  type: 'object',
  additionalProperties: false,
  properties: {
    connection: { type: 'string', minLength: 1, maxLength: 63, description: 'the connection, of type postgres or s3; `warehouse` comes with `weir up`.' },
    schema: { type: 'string', pattern: NAME_PATTERN, description: `of postgres: the schema that gets one table per model: ${NAME_WORDS}` },
    type: { enum: ['postgres', 's3', 'file'], description: 'what is written: tables, objects of a bucket, or files; only `file` must be said, the connection says the others.' },
    bucket: { type: 'string', pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$', description: 'of s3: the bucket.' },
    prefix: { type: 'string', pattern: PATH, maxLength: 500, description: `of s3: where in the bucket the export lies: ${PATH_WORDS}` },
    path: { type: 'string', pattern: PATH, maxLength: 500, description: `of file: where the export lies, below the load service's folder for exports: ${PATH_WORDS}` },
    format: { enum: ['parquet', 'csv', 'ndjson'], default: DEFAULTS.exportFormat, description: 'of s3 and file: the format of the files.' },
    compression: { enum: ['none', 'gzip', 'zstd'], description: `of s3 and file: how the files are compressed. Default: \`${DEFAULTS.parquetCompression}\` within Parquet, \`${DEFAULTS.textCompression}\` of csv and ndjson.` },
  },
};
