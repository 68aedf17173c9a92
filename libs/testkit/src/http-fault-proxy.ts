import { once } from 'node:events';
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** A request on its way through the proxy. */
export interface PassingRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** What becomes of a request, or of its answer, other than being passed on. */
export interface HttpFault {
  /** The proxy answers by itself. */
  readonly answer?: { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };
  /** The server does what it is asked, and its answer is lost: the connection ends instead. */
  readonly loseAnswer?: boolean;
  /** The connection ends after so many bytes of the answer's body, which all arrive. */
  readonly cutAfter?: number;
  /** How fast the answer's body comes. */
  readonly bytesPerSecond?: number;
  /** A bit is turned in the byte at this offset of the answer's body. */
  readonly corruptAt?: number;
}

/** Says what becomes of a request; undefined passes it on. May do something first, such as change what the request asks for. */
export type FaultOf = (request: PassingRequest) => HttpFault | undefined | Promise<HttpFault | undefined>;

/** A proxy on 127.0.0.1 in front of an HTTP server, which misbehaves request by request. The Host header stays as the client sent it, so that signatures hold. */
export class HttpFaultProxy {
  readonly host = '127.0.0.1';
  /** All requests so far, in the order in which they came. */
  readonly requests: PassingRequest[] = [];
  /** What becomes of requests from now on. */
  faultOf: FaultOf = () => undefined;

  private constructor(
    private readonly server: Server,
    private readonly target: { host: string; port: number },
  ) {
    server.on('request', (asked, answer) => {
      // A client or server that goes away takes the other end with it; nothing is left to tell.
      this.pass(asked, answer).catch(() => asked.socket.resetAndDestroy());
    });
  }

  /** Starts a proxy on a free port in front of `target`. */
  static async start(target: { host: string; port: number }): Promise<HttpFaultProxy> {
    const server = createServer();
    const proxy = new HttpFaultProxy(server, target);
    server.listen(0, proxy.host);
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const passing = { method: asked.method ?? '', path: asked.url ?? '', headers: asked.headers };
    this.requests.push(passing);
    const fault = (await this.faultOf(passing)) ?? {};
    if (fault.answer) {
      asked.resume();
      answer.writeHead(fault.answer.status, { ...fault.answer.headers }).end(fault.answer.body);
      return;
    }
    const upstream = request({ ...this.target, method: passing.method, path: passing.path, headers: passing.headers, agent: false });
    answer.once('close', () => upstream.destroy());
    asked.pipe(upstream);
    const [answered] = (await once(upstream, 'response')) as [IncomingMessage];
    if (fault.loseAnswer) {
      answered.resume();
      await once(answered, 'end');
      asked.socket.resetAndDestroy();
      return;
    }
    answer.writeHead(answered.statusCode ?? 502, answered.headers);
    await pipeline(answered, (body: AsyncIterable<Buffer>) => faulty(body, fault), answer);
    if (fault.cutAfter !== undefined) asked.socket.destroySoon();
  }
}

/** An answer's body as the fault lets it pass. */
async function* faulty(body: AsyncIterable<Buffer>, { cutAfter = Infinity, bytesPerSecond = Infinity, corruptAt = Infinity }: HttpFault): AsyncGenerator<Buffer> {
  let position = 0;
  for await (const chunk of body) {
    const bytes = chunk.subarray(0, Math.max(0, cutAfter - position));
    const at = corruptAt - position;
    if (at >= 0 && at < bytes.length) bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    if (bytesPerSecond < Infinity) await pause((bytes.length / bytesPerSecond) * 1000);
    yield bytes;
    position += bytes.length;
    if (position >= cutAfter) return;
  }
}
