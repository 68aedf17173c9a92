import { isWeirError, WeirError } from '@weir/core';
import { Lru } from './lru';

/** How to reach a schema registry that speaks Confluent's REST API. */
export interface RegistryConnection {
  /** http or https, with the path before `/schemas` and `/subjects`; credentials are fields of their own. */
  readonly url: string;
  readonly user?: string | undefined;
  /** Revealed for each request and nowhere else. */
  readonly password?: { reveal(): string } | undefined;
}

/** A schema as it is registered. The object is the same for as long as the schema is remembered. */
export interface RegisteredSchema {
  readonly id: number;
  /** AVRO, JSON or PROTOBUF; a registry may have others. */
  readonly type: string;
  readonly text: string;
  /** Whether it rests on other schemas of the registry. */
  readonly hasReferences: boolean;
}

const MAX_SCHEMAS = 1000;
const UNKNOWN_MS = 60_000;
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_BODY_BYTES = 1024 * 1024;
const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';
const SUBJECT_NOT_FOUND: ReadonlySet<unknown> = new Set([40401, 40402]);
const SCHEMA_NOT_FOUND = 40403;
/** Registries number schemas with signed integers, and answer as for a wrong address where a number is none of these. */
const MAX_ID = 0x7fffffff;

interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * A client of one schema registry. Every method throws UNAVAILABLE, which is tried again, while the registry does not answer or fails, and
 * INVALID_VALUE where the address or the credentials are wrong.
 */
export class SchemaRegistry {
  private readonly base: string;
  private readonly schemas = new Lru<number, RegisteredSchema>(MAX_SCHEMAS);
  /** When an id may be asked for again that the registry did not know. */
  private readonly unknown = new Lru<number, number>(MAX_SCHEMAS);
  private readonly requests = new Map<number, Promise<RegisteredSchema | undefined>>();

  constructor(private readonly connection: RegistryConnection) {
    this.base = baseOf(connection.url);
  }

  /** The schema of an id; undefined for an id that the registry does not know, which it is asked for again a minute later. */
  schema(id: number): Promise<RegisteredSchema | undefined> {
    const known = this.schemas.get(id);
    if (known) return Promise.resolve(known);
    if (id > MAX_ID || (this.unknown.get(id) ?? 0) > performance.now()) return Promise.resolve(undefined);
    const running = this.requests.get(id);
    if (running) return running;
    const request = this.fetchSchema(id).finally(() => this.requests.delete(id));
    this.requests.set(id, request);
    return request;
  }

  /** The newest schema of a subject; undefined where the registry has no such subject. */
  async latest(subject: string): Promise<RegisteredSchema | undefined> {
    const { status, body } = await this.request('GET', `/subjects/${encodeURIComponent(subject)}/versions/latest`);
    if (status === 404 && SUBJECT_NOT_FOUND.has(body['error_code'])) return undefined;
    this.expectSuccess(status, body);
    return this.remember(this.read(Number(body['id']), body));
  }

  /** Registers a schema under a subject, unless it is there already, and gives its id. INVALID_VALUE for a schema that the registry refuses. */
  async register(subject: string, type: 'AVRO' | 'JSON' | 'PROTOBUF', text: string): Promise<number> {
    const { status, body } = await this.request('POST', `/subjects/${encodeURIComponent(subject)}/versions`, { schema: text, schemaType: type });
    this.expectSuccess(status, body);
    const { id } = body;
    if (typeof id !== 'number') throw this.notARegistry(status);
    // Someone may have asked for it a moment too early.
    this.unknown.delete(id);
    return id;
  }

  private async fetchSchema(id: number): Promise<RegisteredSchema | undefined> {
    const { status, body } = await this.request('GET', `/schemas/ids/${id}`);
    if (status === 404 && body['error_code'] === SCHEMA_NOT_FOUND) {
      this.unknown.set(id, performance.now() + UNKNOWN_MS);
      return undefined;
    }
    this.expectSuccess(status, body);
    return this.remember(this.read(id, body));
  }

  private remember(schema: RegisteredSchema): RegisteredSchema {
    const known = this.schemas.get(schema.id);
    if (known) return known;
    this.schemas.set(schema.id, schema);
    return schema;
  }

  /** A schema out of a reply; Confluent leaves the type out where it is Avro. */
  private read(id: number, { schema, schemaType = 'AVRO', references = [] }: Readonly<Record<string, unknown>>): RegisteredSchema {
    if (!Number.isSafeInteger(id) || typeof schema !== 'string' || typeof schemaType !== 'string') throw this.notARegistry(200);
    return { id, type: schemaType, text: schema, hasReferences: Array.isArray(references) && references.length > 0 };
  }

  private async request(method: 'GET' | 'POST', path: string, body?: object): Promise<Reply> {
    try {
      const response = await fetch(this.base + path, {
        method,
        headers: { accept: MEDIA_TYPE, ...(body ? { 'content-type': MEDIA_TYPE } : {}), ...this.authorization() },
        ...(body ? { body: JSON.stringify(body) } : {}),
        // A redirect could carry the credentials to another host.
        redirect: 'error',
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      return { status: response.status, body: await readBody(response) };
    } catch (error) {
      if (isWeirError(error)) throw error;
      // fetch says no more than that it failed; its cause has the reason.
      const { message, cause } = error as { message: string; cause?: { message?: string } };
      const detail = cause?.message || message;
      throw new WeirError({ code: 'UNAVAILABLE', message: `The schema registry does not answer: ${detail}.`, place: this.base }, { cause: error });
    }
  }

  private authorization(): { authorization?: string } {
    const { user, password } = this.connection;
    if (user === undefined) return {};
    return { authorization: `Basic ${Buffer.from(`${user}:${password?.reveal() ?? ''}`).toString('base64')}` };
  }

  private expectSuccess(status: number, body: Readonly<Record<string, unknown>>): void {
    if (status >= 200 && status < 300) return;
    const { error_code: code, message } = body;
    if (status === 401 || status === 403) throw new WeirError({ code: 'INVALID_VALUE', message: `The schema registry refuses the credentials (HTTP ${status}).`, place: this.base, fix: "Correct the registry's user and password." });
    if (status >= 500 || status === 429 || status === 408) throw new WeirError({ code: 'UNAVAILABLE', message: `The schema registry failed with HTTP ${status}.`, place: this.base });
    if (typeof code !== 'number' || typeof message !== 'string') throw this.notARegistry(status);
    throw new WeirError({ code: 'INVALID_VALUE', message: `The schema registry refused the request: ${message.slice(0, 500)} [${code}]`, place: this.base, fix: 'Correct the schema or the subject.' });
  }

  private notARegistry(status: number): WeirError {
    return new WeirError({ code: 'INVALID_VALUE', message: `What answers there (HTTP ${status}) is no schema registry.`, place: this.base, fix: "Give the registry's address with the path of its Confluent API, such as http://127.0.0.1:8081." });
  }
}

function baseOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const plain = parsed && /^https?:$/.test(parsed.protocol) && parsed.username === '' && parsed.password === '' && parsed.search === '' && parsed.hash === '';
  // The value itself may hold a password.
  if (!plain) throw new WeirError({ code: 'INVALID_VALUE', message: "The schema registry's address is not http or https with host, port and path alone.", fix: 'Give an address such as http://127.0.0.1:8081, and user and password as fields of their own.' });
  return parsed.href.replace(/\/+$/, '');
}

/** A reply's JSON object, at most 1 MiB of it; an empty one for what is no JSON object. */
async function readBody(response: Response): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    // Leaving the loop closes the connection.
    if (size > MAX_BODY_BYTES) throw new WeirError({ code: 'INVALID_VALUE', message: 'A reply of the schema registry is larger than 1 MiB.', place: response.url, fix: 'Register a smaller schema.' });
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
