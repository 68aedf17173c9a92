import type { JsonSchema } from '../yaml/validate-yaml';
import { DEFAULTS } from './defaults';
import { NAME_PATTERN, NAME_WORDS } from './names';

const SECRET: JsonSchema = {
  title: 'secret',
  writeOnly: true,
  type: 'object',
  additionalProperties: false,
  required: ['secret'],
  properties: { secret: { type: 'string', pattern: '^[A-Z][A-Z0-9_]{0,62}$', description: 'the name of a secret, such as SHOP_PASSWORD; the service finds it in WEIR_SECRET_SHOP_PASSWORD.' } },
  description: 'Write { secret: NAME }: what is secret never stands in a file.',
};

// No schemes, no slashes, no @: an address is its parts, so that nothing else can hide in it.
const HOST: JsonSchema = { type: 'string', writeOnly: true, pattern: '^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$', description: 'Write a host name or address alone, without a scheme or port.' };
const PORT: JsonSchema = { type: 'integer', minimum: 1, maximum: 65_535, description: 'Write a port from 1 to 65535.' };
const TEXT: JsonSchema = { type: 'string', minLength: 1, maxLength: 200, description: 'Write text.' };
const PATH: JsonSchema = { type: 'string', pattern: '^/[A-Za-z0-9._~/%:@!$&()*+,;=-]{0,1000}$', description: 'Write a path that begins with /.' };

const LOGIN: JsonSchema = {
  title: 'login',
  type: 'object',
  additionalProperties: false,
  required: ['type'],
  properties: {
    type: { enum: ['bearer', 'basic', 'apiKey', 'oauth2'], description: 'a token, a user with a password, a key in a header or parameter, or the client credentials of OAuth 2.' },
    token: SECRET,
    user: TEXT,
    password: SECRET,
    in: { enum: ['header', 'query'], description: 'where the key goes.' },
    name: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,100}$', description: 'the name of the header or parameter.' },
    key: SECRET,
    host: HOST,
    port: PORT,
    tokenPath: PATH,
    clientId: TEXT,
    clientSecret: SECRET,
    scope: TEXT,
  },
};

const CONNECTION: JsonSchema = {
  title: 'connection',
  writeOnly: true,
  type: 'object',
  additionalProperties: false,
  required: ['type'],
  description: 'Write a mapping of type and what the type needs.',
  properties: {
    type: { enum: ['postgres', 'api', 's3'], description: 'what system it is.' },
    host: HOST,
    port: PORT,
    tls: { type: 'boolean', default: true, description: 'whether the way there is encrypted, and the other side must show a certificate that this machine trusts.' },
    database: TEXT,
    user: TEXT,
    password: SECRET,
    basePath: { ...PATH, description: 'of api: what the path of every request begins with, such as /v2.' },
    headers: { type: 'object', maxProperties: 50, propertyNames: { pattern: '^[A-Za-z0-9-]{1,100}$' }, additionalProperties: { type: 'string', writeOnly: true, pattern: '^[\\x20-\\x7e]{0,1000}$', description: 'Write one line of text.' }, description: 'of api: headers of every request; what is secret goes into `login`.' },
    login: { ...LOGIN, description: 'of api: how requests say who asks.' },
    requestsPerSecond: { type: 'number', minimum: 0.01, maximum: 1_000, default: DEFAULTS.requestsPerSecond, description: 'of api: the most requests a second of one run.' },
    region: { type: 'string', pattern: '^[a-z0-9-]{1,50}$', default: DEFAULTS.region, description: 'of s3: the region of the bucket.' },
    accessKeyId: TEXT,
    secretAccessKey: SECRET,
  },
};

/** JSON Schema of connections.yaml: the systems that sources and destinations name. Which type has which keys is checked by parse-connections.ts. */
export const CONNECTIONS_SCHEMA: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'connections',
  description: `Write a mapping of names to connections; a name has ${NAME_WORDS}`,
  type: 'object',
  maxProperties: 50,
  propertyNames: { pattern: NAME_PATTERN },
  additionalProperties: CONNECTION,
};
