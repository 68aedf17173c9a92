import { listed } from '../suggest';
import { Report } from '../yaml/report';
import { validateYaml } from '../yaml/validate-yaml';
import { type YamlPath, YamlText } from '../yaml/yaml-text';
import type { ApiLogin, ConnectionSettings, SecretReference } from './connection';
import { CONNECTIONS_SCHEMA } from './connection-schema';
import { DEFAULTS } from './defaults';
import type { DefinitionFile } from './definition';
import type { Problem } from './problem';

/** Connections that come with the platform; a folder cannot say what they are. */
export const PLATFORM_CONNECTIONS = { warehouse: 'postgres', kafka: 'kafka' } as const;

/** The login of an API as the schema leaves it. */
interface LoginYaml {
  readonly type: ApiLogin['type'];
  readonly token?: SecretReference;
  readonly user?: string;
  readonly password?: SecretReference;
  readonly in?: 'header' | 'query';
  readonly name?: string;
  readonly key?: SecretReference;
  readonly host?: string;
  readonly port?: number;
  readonly tokenPath?: string;
  readonly clientId?: string;
  readonly clientSecret?: SecretReference;
  readonly scope?: string;
}

/** One connection as the schema leaves it: the keys of every type. */
interface ConnectionYaml {
  readonly type: ConnectionSettings['type'];
  readonly host?: string;
  readonly port?: number;
  readonly tls?: boolean;
  readonly database?: string;
  readonly user?: string;
  readonly password?: SecretReference;
  readonly basePath?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly login?: LoginYaml;
  readonly requestsPerSecond?: number;
  readonly region?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: SecretReference;
}

/** The keys of a type besides `type`, and those of them that must be there. */
interface TypeKeys<Text> {
  readonly all: readonly (keyof Text)[];
  readonly required: readonly (keyof Text)[];
}

const KEYS: Readonly<Record<ConnectionSettings['type'], TypeKeys<ConnectionYaml>>> = {
  postgres: { all: ['host', 'port', 'tls', 'database', 'user', 'password'], required: ['host', 'database', 'user'] },
  api: { all: ['host', 'port', 'tls', 'basePath', 'headers', 'login', 'requestsPerSecond'], required: ['host'] },
  s3: { all: ['host', 'port', 'tls', 'region', 'accessKeyId', 'secretAccessKey'], required: [] },
};

const LOGIN_KEYS: Readonly<Record<ApiLogin['type'], TypeKeys<LoginYaml>>> = {
  bearer: { all: ['token'], required: ['token'] },
  basic: { all: ['user', 'password'], required: ['user', 'password'] },
  apiKey: { all: ['in', 'name', 'key'], required: ['name', 'key'] },
  oauth2: { all: ['host', 'port', 'tokenPath', 'clientId', 'clientSecret', 'scope'], required: ['tokenPath', 'clientId', 'clientSecret'] },
};

/** Parses connections.yaml; without the file there are none. */
export function parseConnections(file: DefinitionFile | undefined): { connections: ReadonlyMap<string, ConnectionSettings>; problems: Problem[] } {
  if (!file) return { connections: new Map(), problems: [] };
  const parsed = YamlText.parse(file);
  if ('problems' in parsed) return { connections: new Map(), problems: parsed.problems };
  const { yaml } = parsed;
  const shape = validateYaml(yaml, CONNECTIONS_SCHEMA);
  if (shape.some(({ code }) => code !== 'UNKNOWN_KEY')) return { connections: new Map(), problems: shape };
  const report = new Report(yaml);
  const texts = Object.entries(yaml.value as Readonly<Record<string, ConnectionYaml>>);
  for (const [name, text] of texts) checkConnection(name, text, report);
  return { connections: new Map(texts.map(([name, text]) => [name, resolve(text)])), problems: [...shape, ...report.problems] };
}

function checkConnection(name: string, text: ConnectionYaml, report: Report): void {
  if (Object.hasOwn(PLATFORM_CONNECTIONS, name)) report.invalid([name], `\`${name}\` is a connection that comes with the platform.`, 'Choose another name.');
  checkKeys(text, KEYS, { noun: 'connection', path: [name] }, report);
  if (text.login) checkKeys(text.login, LOGIN_KEYS, { noun: 'login', path: [name, 'login'] }, report);
  if (text.type === 's3' && (text.accessKeyId === undefined) !== (text.secretAccessKey === undefined)) report.add('MISSING_KEY', [name], '`accessKeyId` and `secretAccessKey` go together.', 'Give both, or neither for what is open to all.');
}

function checkKeys<Text extends { readonly type: string }>(text: Text, types: Readonly<Record<string, TypeKeys<Text>>>, { noun, path }: { readonly noun: string; readonly path: YamlPath }, report: Report): void {
  const keys = types[text.type] ?? { all: [], required: [] };
  const subject = `a ${noun} of type \`${text.type}\``;
  for (const key of keys.required) if (text[key] === undefined) report.add('MISSING_KEY', path, `\`${String(key)}\` is missing from ${subject}.`, `Add \`${String(key)}\`.`);
  // Keys of no type at all are the schema's to report.
  const others = new Set(Object.values(types).flatMap(({ all }) => all));
  for (const key of others) if (text[key] !== undefined && !keys.all.includes(key)) report.add('UNKNOWN_KEY', [...path, String(key)], `\`${String(key)}\` is not a key of ${subject}.`, `It has ${listed(keys.all.map(String))}.`);
}

function resolve(text: ConnectionYaml): ConnectionSettings {
  const { type, host = '', tls = true } = text;
  switch (type) {
    case 'postgres':
      return { type, host, port: text.port ?? 5432, database: text.database ?? '', user: text.user ?? '', ...(text.password ? { password: text.password } : {}), tls };
    case 'api':
      return { type, tls, host, port: text.port ?? (tls ? 443 : 80), basePath: (text.basePath ?? '').replace(/\/+$/, ''), headers: text.headers ?? {}, ...(text.login ? { login: loginOf(text.login) } : {}), requestsPerSecond: text.requestsPerSecond ?? DEFAULTS.requestsPerSecond };
    case 's3':
      return { type, ...(text.host === undefined ? {} : { host }), ...(text.port === undefined ? {} : { port: text.port }), tls, region: text.region ?? DEFAULTS.region, ...(text.accessKeyId === undefined ? {} : { accessKeyId: text.accessKeyId, secretAccessKey: text.secretAccessKey }) };
  }
}

const NOTHING: SecretReference = { secret: '' };

function loginOf(text: LoginYaml): ApiLogin {
  switch (text.type) {
    case 'bearer':
      return { type: 'bearer', token: text.token ?? NOTHING };
    case 'basic':
      return { type: 'basic', user: text.user ?? '', password: text.password ?? NOTHING };
    case 'apiKey':
      return { type: 'apiKey', in: text.in ?? 'header', name: text.name ?? '', key: text.key ?? NOTHING };
    case 'oauth2': {
      const { host, port, scope } = text;
      return { type: 'oauth2', ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }), tokenPath: text.tokenPath ?? '', clientId: text.clientId ?? '', clientSecret: text.clientSecret ?? NOTHING, ...(scope === undefined ? {} : { scope }) };
    }
  }
}
