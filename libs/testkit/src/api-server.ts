import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { givenPage, type ApiPaging } from './api-pages';

/** A request as the server saw it. */
export interface ApiRequest {
  /** From 1, in the order in which they came. */
  readonly number: number;
  /** When it came, by performance.now(). */
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * What goes wrong with an answer:
 * - `status`: another status than 200, or another body;
 * - `reset`: the connection is cut in place of an answer;
 * - `reset_inside`: it is cut in the middle of the body;
 * - `cut`: the body stops in its middle as if that were its end: nothing says how long it is;
 * - `silent`: no answer comes;
 * - `stall`: the body stops in its middle, and the connection stays open;
 * - `endless`: the body does not end.
 */
export type ApiFault = { readonly type: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string | Buffer } | { readonly type: 'reset' | 'reset_inside' | 'cut' | 'silent' | 'stall' | 'endless' };

export interface ApiServerOptions {
  /** JSON texts. */
  readonly records: readonly string[];
  readonly pages: ApiPaging;
  /** The path of the pages; `/records` when absent. All others are 404. */
  readonly path?: string;
  /** Which records a request is about; all when absent. */
  readonly select?: (records: readonly string[], query: URLSearchParams) => readonly string[];
  /** Whether a request is logged in; 401 if not. */
  readonly allow?: (request: ApiRequest) => boolean;
  readonly fault?: (request: ApiRequest) => ApiFault | undefined;
  readonly encoding?: 'gzip' | 'br';
  /** PEM texts; plain HTTP when absent. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

const SPACES = ' '.repeat(64 * 1024);

/** A real HTTP server on 127.0.0.1 that gives records page by page, and fails as it is told. */
export class ApiServer {
  readonly host = '127.0.0.1';
  /** All that were answered, or not, until now. */
  readonly requests: ApiRequest[] = [];
  /** What goes wrong from now on. */
  fault: ApiServerOptions['fault'];
  private readonly server: ReturnType<typeof createServer>;

  private constructor(private readonly options: ApiServerOptions) {
    this.fault = options.fault;
    const listener = (request: IncomingMessage, response: ServerResponse): void => void this.serve(request, response).catch((error: unknown) => response.destroy(error as Error));
    this.server = options.tls ? createSecureServer(options.tls, listener) : createServer(listener);
  }

  static async start(options: ApiServerOptions): Promise<ApiServer> {
    const api = new ApiServer(options);
    api.server.listen(0, api.host);
    await once(api.server, 'listening');
    return api;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Requests for pages by the value of a query parameter, in their order. */
  asked(parameter: string): (string | null)[] {
    return this.requests.map(({ query }) => query.get(parameter));
  }

  /** Connections that are open. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => this.server.getConnections((error, count) => (error ? reject(error) : resolve(count))));
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { tls, path = '/records', records, pages, select = (all) => all, allow = () => true } = this.options;
    const url = new URL(incoming.url ?? '/', `${tls ? 'https' : 'http'}://${incoming.headers.host}`);
    const request: ApiRequest = { number: this.requests.length + 1, atMs: performance.now(), method: incoming.method ?? '', path: url.pathname, query: url.searchParams, headers: incoming.headers, body: await text(incoming) };
    this.requests.push(request);
    const fault = this.fault?.(request);
    if (fault?.type === 'status') return answer(response, fault.status, fault.body ?? '', fault.headers);
    if (url.pathname !== path) return answer(response, 404, '{"error":"no such path"}');
    if (!allow(request)) return answer(response, 401, '{"error":"who are you?"}');
    const page = givenPage(select(records, url.searchParams), pages, url);
    if (!page) return answer(response, 400, '{"error":"no such cursor"}');
    const { encoding } = this.options;
    const body = encoding === 'gzip' ? gzipSync(page.body) : encoding === 'br' ? brotliCompressSync(page.body) : Buffer.from(page.body);
    const headers = { 'content-type': 'application/json', ...(encoding ? { 'content-encoding': encoding } : {}), ...(page.link === undefined ? {} : { link: page.link }) };
    if (fault) spoil(fault.type, response, body, headers);
    else answer(response, 200, body, headers);
  }
}

export function apiServer(options: ApiServerOptions): Promise<ApiServer> {
  return ApiServer.start(options);
}

function answer(response: ServerResponse, status: number, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers }).end(body);
}

function spoil(fault: Exclude<ApiFault['type'], 'status'>, response: ServerResponse, body: Buffer, headers: Readonly<Record<string, string>>): void {
  const half = body.subarray(0, Math.floor(body.length / 2));
  switch (fault) {
    case 'silent':
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'reset_inside':
      response.writeHead(200, { 'content-length': body.length, ...headers }).write(half, () => response.socket?.resetAndDestroy());
      return;
    case 'cut':
      // Without a length and without chunks the end of the connection is that of the body.
      response.useChunkedEncodingByDefault = false;
      response.writeHead(200, { connection: 'close', ...headers }).end(half);
      return;
    case 'stall':
      response.writeHead(200, { 'content-length': body.length, ...headers }).write(half);
      return;
    case 'endless':
      response.writeHead(200, headers);
      pour(response);
  }
}

function pour(response: ServerResponse): void {
  while (!response.destroyed && response.write(SPACES));
  if (!response.destroyed) response.once('drain', () => pour(response));
}
