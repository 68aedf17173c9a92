import { instantOf } from '../interval/interval';
import { listed, suggest } from '../suggest';
import type { Report } from '../yaml/report';
import { shownValue } from '../yaml/validate-yaml';
import type { ConnectionSettings } from './connection';
import { DEFAULTS } from './defaults';
import { PLATFORM_CONNECTIONS } from './parse-connections';
import { type ApiPagesYaml, checkPages, resolvePages } from './parse-pages';
import { type ApiInterval, type ApiSource, CSV_LAYOUT, FILE_FORMATS, type FileEncoding, type FileLayout, type PostgresSource, type RecordFormat, type Source } from './source';
import { resolvePath, sourcePathFault, trackedPathFault } from './source-path';

/** `source` of pipeline.yaml as the schema leaves it: the keys of every type. */
export interface SourceYaml {
  dataset: string;
  type: Source['type'];
  path?: string;
  format?: FileLayout['format'] | RecordFormat;
  compression?: FileLayout['compression'];
  delimiter?: string;
  quote?: string;
  escape?: string;
  header?: boolean;
  skipLines?: number;
  encoding?: FileEncoding;
  emptyText?: 'keep';
  records?: string;
  empty?: 'allow' | 'error';
  track?: 'new';
  connection?: string;
  bucket?: string;
  query?: Record<string, string | number | boolean>;
  pages?: ApiPagesYaml;
  interval?: Partial<ApiInterval>;
  table?: string;
  cursor?: string;
  topic?: string;
  start?: string;
}

type Key = Exclude<keyof SourceYaml, 'dataset' | 'type'>;

const CSV_KEYS = ['delimiter', 'quote', 'escape', 'header', 'skipLines', 'encoding'] as const;
const FILE_KEYS: readonly Key[] = ['path', 'format', 'compression', ...CSV_KEYS, 'emptyText', 'records', 'empty', 'track'];

/** The keys that each type has besides `dataset` and `type`, and those of them that must be there. */
const KEYS: Readonly<Record<Source['type'], { readonly all: readonly Key[]; readonly required: readonly Key[] }>> = {
  file: { all: FILE_KEYS, required: ['path'] },
  s3: { all: ['connection', 'bucket', ...FILE_KEYS], required: ['connection', 'bucket', 'path'] },
  api: { all: ['connection', 'path', 'query', 'emptyText', 'records', 'pages', 'interval'], required: ['connection', 'path'] },
  postgres: { all: ['connection', 'table', 'cursor', 'track', 'emptyText'], required: ['connection', 'table'] },
  kafka: { all: ['topic', 'connection', 'format', 'start', 'emptyText'], required: ['topic'] },
};

const FORMATS: Readonly<Partial<Record<Source['type'], readonly string[]>>> = { file: FILE_FORMATS, s3: FILE_FORMATS, kafka: ['json', 'avro', 'json_schema'] };

/** The source with its defaults; `root` is the folder that relative paths refer to. Values with problems are left as they are. */
export function resolveSource(source: SourceYaml, root: string): Source {
  const { emptyText } = source;
  return { ...resolveType(source, root), ...(emptyText && { emptyText }) };
}

function resolveType(source: SourceYaml, root: string): Source {
  const { dataset, type, path = '', connection = '', track } = source;
  const { empty = track ? 'allow' : DEFAULTS.empty } = source;
  const tracked = track && { track };
  switch (type) {
    case 'file':
      return { type, dataset, path: resolvePath(root, path), layout: resolveLayout(source), empty, ...tracked };
    case 's3':
      return { type, dataset, connection, bucket: source.bucket ?? '', path: path.replace(/^\/+/, ''), layout: resolveLayout(source), empty, ...tracked };
    case 'api':
      return resolveApi(source);
    case 'postgres':
      return { type, dataset, connection, table: qualified(source.table ?? ''), ...(source.cursor === undefined ? {} : { cursor: source.cursor }), layout: CSV_LAYOUT, ...tracked };
    case 'kafka': {
      const { topic = '', format = DEFAULTS.recordFormat, start = DEFAULTS.startFrom } = source;
      return { type, dataset, connection: connection || DEFAULTS.kafkaConnection, topic, format: format as RecordFormat, start: instantOf(start) ?? start };
    }
  }
}

function resolveApi({ dataset, connection = '', path = '', query = {}, records = '', pages, interval }: SourceYaml): ApiSource {
  return {
    type: 'api',
    dataset,
    connection,
    path: path.startsWith('/') ? path : `/${path}`,
    query: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)])),
    layout: { ...CSV_LAYOUT, format: 'json', records },
    pages: resolvePages(pages),
    ...(interval === undefined ? {} : { interval: { from: interval.from ?? '', to: interval.to ?? '', format: interval.format ?? DEFAULTS.apiInterval } }),
  };
}

function resolveLayout({ format = DEFAULTS.fileFormat, compression = DEFAULTS.compression, delimiter = DEFAULTS.delimiter, quote = DEFAULTS.quote, escape = quote, header = true, skipLines = 0, encoding = DEFAULTS.encoding, records = '' }: SourceYaml): FileLayout {
  return { format: format as FileLayout['format'], compression, delimiter, quote, escape, header, skipLines, encoding, records };
}

function qualified(table: string): PostgresSource['table'] {
  return table.includes('.') ? table : `public.${table}`;
}

/** What a JSON Schema cannot say about a source; `grain` is undefined where there is none or it has a problem of its own. */
export function checkSource(source: SourceYaml, grain: string | undefined, connections: ReadonlyMap<string, ConnectionSettings>, report: Report): void {
  const { type, format } = source;
  const { all, required } = KEYS[type];
  for (const key of required) if (source[key] === undefined) report.add('MISSING_KEY', ['source'], `\`${key}\` is missing from a source of type \`${type}\`.`, `Add \`${key}\`.`);
  // Keys of no type at all are the schema's to report.
  for (const key of new Set(Object.values(KEYS).flatMap((keys) => keys.all))) {
    if (source[key] !== undefined && !all.includes(key)) report.add('UNKNOWN_KEY', ['source', key], `\`${key}\` is not a key of a source of type \`${type}\`.`, 'Remove it, or change the type.');
  }
  if (format !== undefined && FORMATS[type] && !FORMATS[type].includes(format)) report.invalid(['source', 'format'], `The format of a source of type \`${type}\` cannot be ${shownValue(format)}.`, `Use one of ${listed(FORMATS[type])}.`);
  checkConnection(source, connections, report);
  if (source.track !== undefined && grain === undefined && all.includes('track')) report.add('MISSING_KEY', ['source', 'track'], '`source.track` gives each interval what is new, but the pipeline has no grain.', 'Add a grain such as `grain: 1h`: the time between two runs; or remove `track`.');
  if (type === 'file' || type === 's3') checkFiles(source, grain, report);
  else if (type === 'kafka') checkStart(source, report);
  else checkIntervals(source, grain, report);
  if (type === 'api') checkPages(source.pages, report);
}

function checkConnection({ type, connection }: SourceYaml, connections: ReadonlyMap<string, ConnectionSettings>, report: Report): void {
  if (connection === undefined || type === 'file') return;
  const found = connections.get(connection)?.type ?? (Object.hasOwn(PLATFORM_CONNECTIONS, connection) ? PLATFORM_CONNECTIONS[connection as keyof typeof PLATFORM_CONNECTIONS] : undefined);
  const path = ['source', 'connection'];
  const fitting = [...connections].filter(([, settings]) => settings.type === type).map(([name]) => name);
  const known = type === 'kafka' ? [DEFAULTS.kafkaConnection] : fitting;
  if (found === undefined) report.add('UNKNOWN_CONNECTION', path, `There is no connection \`${connection}\`.`, known.length > 0 ? suggest(connection, known) : `Add it to connections.yaml, with \`type: ${type}\`.`);
  else if (found !== type || connection === 'warehouse') report.add('UNKNOWN_CONNECTION', path, `A source of type \`${type}\` cannot read the connection \`${connection}\`${connection === 'warehouse' ? ', which tables are delivered to' : `, which is a ${found}`}.`, known.length > 0 ? `Use ${listed(known)}.` : `Add one to connections.yaml, with \`type: ${type}\`.`);
}

function checkFiles(source: SourceYaml, grain: string | undefined, report: Report): void {
  const { path, format = DEFAULTS.fileFormat } = source;
  const fault = path === undefined ? undefined : source.track ? trackedPathFault(path) : sourcePathFault(path, grain);
  if (fault) report.invalid(['source', 'path'], fault.message, fault.fix);
  for (const key of CSV_KEYS) if (source[key] !== undefined && format !== 'csv') report.add('UNKNOWN_KEY', ['source', key], `\`${key}\` means nothing for files of format \`${format}\`.`, 'Remove it, or use `format: csv`.');
  if (source.records !== undefined && format !== 'json') report.add('UNKNOWN_KEY', ['source', 'records'], `\`records\` means nothing for files of format \`${format}\`.`, 'Remove it, or use `format: json`.');
  if (source.compression !== undefined && source.compression !== 'auto' && source.compression !== 'none' && format === 'parquet') report.invalid(['source', 'compression'], 'Files of Parquet are compressed inside.', 'Remove it.');
  checkCharacters(source, report);
}

function checkCharacters({ delimiter = DEFAULTS.delimiter, quote = DEFAULTS.quote, escape = quote, emptyText }: SourceYaml, report: Report): void {
  for (const [key, character] of Object.entries({ delimiter, quote, escape })) {
    if (character !== '' && /[\r\n\0\u0080-\uffff]/.test(character)) report.invalid(['source', key], `\`source.${key}\` cannot be ${shownValue(character)}.`, 'Use one ASCII character that is no line break.');
  }
  if (delimiter === quote || delimiter === escape) report.invalid(['source', 'delimiter'], `\`source.delimiter\` cannot be ${shownValue(delimiter)}, which is the quote or the escape.`, 'Use a character such as , or ; or a tab.');
  if (quote === '' && emptyText) report.invalid(['source', 'emptyText'], '`source.emptyText` tells empty text from null by its quotes, and nothing is quoted.', 'Remove it.');
  if (quote === '' && escape !== '') report.invalid(['source', 'escape'], '`source.escape` escapes nothing where nothing is quoted.', 'Remove it.');
}

function checkIntervals({ type, interval, cursor, track }: SourceYaml, grain: string | undefined, report: Report): void {
  const [key, said] = type === 'api' ? (['interval', interval !== undefined] as const) : (['cursor', cursor !== undefined] as const);
  if (grain !== undefined && !said) report.add('MISSING_KEY', ['source'], `The pipeline has a grain, and its source does not say which rows are of which interval.`, `Add \`${key}\`${key === 'interval' ? ', the parameters for start and end' : track ? ', the column of ids' : ', a column of times'}; or remove the grain.`);
  if (grain === undefined && said) report.invalid(['source', key], `\`source.${key}\` says which interval rows are of, but the pipeline has no grain.`, 'Add a grain such as `grain: 1d`, or remove it.');
}

function checkStart({ start = DEFAULTS.startFrom }: SourceYaml, report: Report): void {
  if (start !== 'earliest' && start !== 'latest' && instantOf(start) === undefined) {
    report.invalid(['source', 'start'], `\`source.start\` cannot be \`${start}\`.`, 'Use earliest, latest, or a time such as 2026-01-01T00:00:00Z.');
  }
}
