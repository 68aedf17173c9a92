import type { EventEmitter } from 'node:events';
import { isIP, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { Client, Connection, type ClientConfig } from 'pg';
import type { PostgresConnection } from './config';

/** How to reach a Postgres that a pipeline reads from. Structured, never a URL: connection strings can override what they show. */
export interface PostgresSourceConnection extends Omit<PostgresConnection, 'password'> {
  /** Revealed at the moment of connecting and nowhere else; undefined where the server asks for none. */
  readonly password?: PostgresConnection['password'] | undefined;
  /** Whether the connection is encrypted and the server's certificate verified for `host`; nothing is sent before that. */
  readonly tls: boolean;
}

const CONNECT_MS = 10_000;
/** A server that is gone without a word is noticed after some probes of this distance. */
const KEEP_ALIVE_MS = 10_000;
/** The server carries a cancel out or not; it never answers. */
const CANCEL_MS = 5_000;

/** What the classes of pg have besides what their types say. */
type ConnectedClient = Client & { readonly connection: { readonly stream: Socket }; readonly processID: number | null; readonly secretKey: number | null };
type Wire = EventEmitter & { readonly stream: Socket; connect(port: number, host: string): void; requestSsl(): void; cancel(processID: number, secretKey: number): void };

/** One connection to an address that was found permitted; what it was made from stays with it, for the cancel. */
export class SourceConnection {
  readonly client: Client;

  /** `address`: what `host` resolved to. `timeoutMs`: how long one question may take; of a COPY that would be all of it, so readers leave it out. */
  constructor(private readonly settings: PostgresSourceConnection, private readonly address: string, timeoutMs?: number) {
    this.client = new Client({ ...this.config(), ...(timeoutMs === undefined ? {} : { query_timeout: timeoutMs }) });
    // A connection that breaks emits `error` besides failing its question; without a listener that ends the process.
    this.client.on('error', () => undefined);
  }

  /** Ends the statement under way on the server, and cuts the connection without a word: a polite end would wait for a server that does not answer. */
  abort(): void {
    const { connection, processID, secretKey } = this.client as ConnectedClient;
    if (processID !== null && secretKey !== null) this.cancel(processID, secretKey);
    connection.stream.destroy();
  }

  private cancel(processID: number, secretKey: number): void {
    const { ssl, port } = this.config();
    const wire = new Connection({ ssl }) as unknown as Wire;
    const end = setTimeout(() => wire.stream.destroy(), CANCEL_MS);
    wire.on('error', () => undefined);
    wire.on('connect', () => (ssl ? wire.requestSsl() : wire.cancel(processID, secretKey)));
    wire.on('sslconnect', () => wire.cancel(processID, secretKey));
    wire.on('end', () => clearTimeout(end));
    wire.connect(port, this.address);
  }

  private config(): ClientConfig & { readonly port: number; readonly ssl: ConnectionOptions | false } {
    const { host, port, database, user, password, tls } = this.settings;
    return {
      host: this.address,
      port,
      database,
      user,
      // A function: without a password pg would look for one in the environment and the home of the service.
      password: () => password?.reveal() ?? '',
      ssl: tls ? identityOf(host) : false,
      application_name: 'weir-ingest',
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    };
  }
}

/** The certificate must be the host's, wherever it resolved to. A literal address is verified as what pg connects to, and is never sent as a server name. */
function identityOf(host: string): ConnectionOptions {
  return isIP(host.replace(/^\[|\]$/g, '')) > 0 ? { rejectUnauthorized: true } : { servername: host, rejectUnauthorized: true };
}
