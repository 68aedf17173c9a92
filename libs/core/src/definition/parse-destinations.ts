import { suggest } from '../suggest';
import type { Report } from '../yaml/report';
import type { YamlPath } from '../yaml/yaml-text';
import type { ConnectionSettings } from './connection';
import { DEFAULTS } from './defaults';
import type { Destination, ExportLayout } from './definition';

/** One of `destinations`, as the schema leaves it. */
export interface DestinationYaml {
  type?: Destination['type'];
  connection?: string;
  schema?: string;
  bucket?: string;
  prefix?: string;
  path?: string;
  format?: ExportLayout['format'];
  compression?: ExportLayout['compression'];
}

/** The destination that comes with the platform. */
const CONNECTION = 'warehouse';

type Connections = ReadonlyMap<string, ConnectionSettings>;

/** A destination with its defaults; what it lacks is empty, and told by checkDestinations. */
export function resolveDestination(text: DestinationYaml, connections: Connections): Destination {
  const { connection = '', schema = '', bucket = '', prefix = '', path = '' } = text;
  switch (typeOf(text, connections)) {
    case 'file':
      return { type: 'file', path, ...layoutOf(text) };
    case 's3':
      return { type: 's3', connection, bucket, prefix, ...layoutOf(text) };
    case 'postgres':
      return { connection, type: 'postgres', schema };
  }
}

/** What a destination is called: by its connection and place. No two of a pipeline have the same name. */
export function destinationName(destination: Destination): string {
  switch (destination.type) {
    case 'postgres':
      return `${destination.connection}.${destination.schema}`;
    case 's3':
      return `${destination.connection}:${destination.bucket}/${destination.prefix}`;
    case 'file':
      return `file:${destination.path}`;
  }
}

/** What a JSON Schema cannot say of destinations. */
export function checkDestinations(destinations: readonly DestinationYaml[], connections: Connections, report: Report): void {
  const seen = new Set<string>();
  for (const [index, text] of destinations.entries()) {
    const at = ['destinations', index] as const;
    const isConnected = checkConnection(text, at, connections, report);
    // Of a connection that is not there nobody knows the type, unless it is said.
    const type = isConnected || text.type !== undefined ? typeOf(text, connections) : undefined;
    checkPlace(text, type, at, report);
    if (type === undefined || !checkKeys(text, type, at, report) || !isConnected) continue;
    const name = destinationName(resolveDestination(text, connections));
    if (seen.has(name)) report.invalid([...at, PLACES[type]], `The destination \`${name}\` is there twice.`, 'Remove one of the two.');
    seen.add(name);
  }
}

/** The key that says where in a connection, or in a folder, a destination of a type is. */
const PLACES: Readonly<Record<Destination['type'], keyof DestinationYaml>> = { postgres: 'schema', s3: 'prefix', file: 'path' };

const NEEDED: Readonly<Record<Destination['type'], readonly (keyof DestinationYaml)[]>> = { postgres: ['connection', 'schema'], s3: ['connection', 'bucket', 'prefix'], file: ['path'] };

const OPTIONAL: Readonly<Record<Destination['type'], readonly (keyof DestinationYaml)[]>> = { postgres: ['type'], s3: ['type', 'format', 'compression'], file: ['type', 'format', 'compression'] };

const WORDS: Readonly<Record<Destination['type'], string>> = { postgres: 'A destination of type postgres', s3: 'A destination of type s3', file: 'A destination of type file' };

function typeOf({ type, connection = '' }: DestinationYaml, connections: Connections): Destination['type'] {
  return type ?? (connections.get(connection)?.type === 's3' ? 's3' : 'postgres');
}

function layoutOf({ format = DEFAULTS.exportFormat, compression }: DestinationYaml): ExportLayout {
  return { format, compression: compression ?? (format === 'parquet' ? DEFAULTS.parquetCompression : DEFAULTS.textCompression) };
}

/** Whether the destination has a connection of the right type, or needs none. */
function checkConnection({ type, connection }: DestinationYaml, at: YamlPath, connections: Connections, report: Report): boolean {
  if (connection === undefined || type === 'file') return true;
  const wanted = type === undefined ? ['postgres', 's3'] : [type];
  const configured = [...connections].filter(([, settings]) => wanted.includes(settings.type)).map(([name]) => name);
  const known = [...(wanted.includes('postgres') ? [CONNECTION] : []), ...configured];
  if (known.includes(connection)) return true;
  report.add('UNKNOWN_CONNECTION', [...at, 'connection'], `There is no connection \`${connection}\` that tables can be delivered to${type === undefined ? '' : ` as ${type}`}.`, known.length === 0 ? `Add a connection of type ${wanted.join(' or ')} to connections.yaml.` : suggest(connection, known));
  return false;
}

/** Whether the keys are those of the type. */
function checkKeys(text: DestinationYaml, type: Destination['type'], at: YamlPath, report: Report): boolean {
  const missing = NEEDED[type].filter((key) => text[key] === undefined);
  for (const key of missing) report.add('MISSING_KEY', at, `\`${key}\` is missing from a destination of type ${type}.`, `Add \`${key}\`; it needs ${NEEDED[type].map((each) => `\`${each}\``).join(', ')}.`);
  const taken = [...NEEDED[type], ...OPTIONAL[type]];
  const strange = (Object.keys(text) as (keyof DestinationYaml)[]).filter((key) => key in KEYS && !taken.includes(key));
  for (const key of strange) report.invalid([...at, key], `${WORDS[type]} has no \`${key}\`.`, `Remove it; there are ${taken.map((each) => `\`${each}\``).join(', ')}.`);
  return missing.length + strange.length === 0;
}

/** Every key; any other is told by the schema. */
const KEYS: Readonly<Record<keyof DestinationYaml, true>> = { type: true, connection: true, schema: true, bucket: true, prefix: true, path: true, format: true, compression: true };

function checkPlace(text: DestinationYaml, type: Destination['type'] | undefined, at: YamlPath, report: Report): void {
  // A key that the type has not is told as that, whatever it says.
  const valueOf = (key: 'schema' | 'prefix' | 'path'): string | undefined => (type === undefined || NEEDED[type].includes(key) ? text[key] : undefined);
  const schema = valueOf('schema');
  if (schema !== undefined && (schema === 'weir' || schema === 'information_schema' || schema.startsWith('pg_'))) report.invalid([...at, 'schema'], `The schema \`${schema}\` is not for tables of pipelines.`, 'Choose another schema.');
  for (const key of ['prefix', 'path'] as const) {
    const wrong = valueOf(key)?.split('/').find((name) => /^\.{1,2}$/.test(name) || name === '_weir');
    if (wrong !== undefined) report.invalid([...at, key], `\`${key}\` cannot have the name \`${wrong}\`.`, wrong === '_weir' ? 'Choose another name: that is where manifests lie.' : 'Name a place below, without `.` and `..`.');
  }
}
