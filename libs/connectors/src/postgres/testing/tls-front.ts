import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { selfSigned, type TestPostgres } from '@weir/testkit';

const { cert, key: KEY } = selfSigned(['db.weir.test']);

/** Of db.weir.test, made for this run. Nobody trusts it but the tests that say so. */
export const CERTIFICATE = cert;

/** The answer to a client that asks for TLS, and how many bytes the question has. */
const YES = 'S';
const REQUEST_BYTES = 8;

/** What speaks TLS in front of a Postgres that does not, as its own TLS would: the test server has no certificate. */
export class TlsFront {
  readonly host = '127.0.0.1';
  /** Names by which clients that trusted the certificate asked for the server. */
  readonly asked: unknown[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: ReturnType<typeof createServer>, private readonly target: Pick<TestPostgres, 'host' | 'port'>) {
    server.on('connection', (client) => void this.accept(client));
  }

  static async start(target: Pick<TestPostgres, 'host' | 'port'>): Promise<TlsFront> {
    const server = createServer();
    const front = new TlsFront(server, target);
    server.listen(0, front.host);
    await once(server, 'listening');
    return front;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private async accept(client: Socket): Promise<void> {
    this.keep(client);
    const [request] = (await once(client, 'data')) as [Buffer];
    if (request.length !== REQUEST_BYTES) client.destroy();
    client.write(YES);
    const secure = new TLSSocket(client, { isServer: true, key: KEY, cert: CERTIFICATE });
    this.keep(secure);
    secure.once('secure', () => {
      this.asked.push((secure as TLSSocket & { servername?: unknown }).servername);
      const upstream = this.keep(connect(this.target));
      secure.pipe(upstream).pipe(secure);
    });
  }

  private keep(socket: Socket): Socket {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
    return socket;
  }
}
