import { Agent, request as plainRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { orAborted, WeirError } from '@weir/core';
import type { S3Limits, S3Options } from './config';
import { lineError } from './line-error';

/** A signed request, as the S3 client gives it to its handler. */
export interface SignedRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Whole, and in memory: what is sent again has to be there again. */
  readonly body?: Uint8Array | string | undefined;
}

/** The answer, as the S3 client wants it. */
export interface HandledAnswer {
  readonly response: { readonly statusCode: number; readonly headers: Record<string, string>; readonly body: Readable };
}

const SECURE_PORT = 443;
const PLAIN_PORT = 80;
/** Twice a page of 1,000 keys as long as they may be. */
const MOST_WORDS = 16 * 1024 * 1024;

/**
 * Sends the requests of an S3 client over connections that are kept, each to the address that `address` gives for its host and nowhere else; names are not looked up again. Redirects are answers like others. Throws UNAVAILABLE
 * for a store that is silent for too long, SOURCE_REFUSED for one that has too much to say, what lineError makes of connections that fail, and what `address` throws.
 */
export class PinnedHandler {
  private readonly plain = new Agent({ keepAlive: true });
  // No variable of the environment may switch the check off.
  private readonly secure = new SecureAgent({ keepAlive: true, rejectUnauthorized: true });

  constructor(
    private readonly address: S3Options['address'],
    private readonly limits: Pick<S3Limits, 'connectMs' | 'idleMs'>,
  ) {}

  async handle(asked: SignedRequest, { abortSignal: signal }: { readonly abortSignal?: unknown } = {}): Promise<HandledAnswer> {
    if (!(signal instanceof AbortSignal)) throw new TypeError('A request without a signal could not be cancelled.');
    const tls = asked.protocol === 'https:';
    const host = asked.hostname.replace(/^\[|\]$/g, '');
    const port = asked.port ?? (tls ? SECURE_PORT : PLAIN_PORT);
    const address = await orAborted(this.address(host, port), signal, () => new WeirError({ code: 'CANCELLED', message: `Cancelled while looking up ${host}.` }));
    const settings = { host: address, port, method: asked.method, path: targetOf(asked), headers: { ...asked.headers }, signal };
    // An address has no server name; its certificate is checked against the address itself.
    const request = tls ? secureRequest({ ...settings, agent: this.secure, servername: isIP(host) > 0 ? '' : host }) : plainRequest({ ...settings, agent: this.plain });
    const place = `${host}:${port}`;
    const answer = await this.answered(request.end(asked.body), place, tls);
    const { statusCode = 0, headers } = answer;
    const isObject = statusCode < 300 && !('list-type' in (asked.query ?? {}));
    return { response: { statusCode, headers: flat(headers), body: isObject ? answer : await wordsOf(answer, place) } };
  }

  /** Part of the interface that the S3 client wants; these bounds are nobody's to change. */
  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  destroy(): void {
    this.plain.destroy();
    this.secure.destroy();
  }

  private answered(request: ClientRequest, place: string, tls: boolean): Promise<IncomingMessage> {
    const { connectMs, idleMs } = this.limits;
    return new Promise((resolve, reject) => {
      const connecting = setTimeout(() => request.destroy(late(place, 'connected', connectMs)), connectMs);
      const connected = (): void => clearTimeout(connecting);
      request.once('socket', (socket: Socket) => (request.reusedSocket ? connected() : socket.once(tls ? 'secureConnect' : 'connect', connected)));
      let answer: IncomingMessage | undefined;
      // Runs on after the head of the answer: a body that stops coming ends with the same error.
      request.setTimeout(idleMs, () => (answer ?? request).destroy(late(place, 'sent anything', idleMs)));
      request.once('response', (response) => resolve((answer = response)));
      request.on('error', (error) => reject(lineError(error, place)));
      request.once('close', () => {
        connected();
        // A no-op after an answer or an error.
        reject(lineError(new Error('the connection was closed without an answer'), place));
      });
    });
  }
}

/** What a store says, other than an object: the client takes it into memory as a whole. */
async function wordsOf(answer: IncomingMessage, place: string): Promise<Readable> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Leaving the loop closes the connection.
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      if ((bytes += chunk.length) > MOST_WORDS) throw new WeirError({ code: 'SOURCE_REFUSED', message: `The store at ${place} gives an answer of more than ${MOST_WORDS} bytes, which is none of S3.`, place, fix: 'Correct host and port of the connection.' });
      chunks.push(chunk);
    }
  } catch (error) {
    throw lineError(error, place);
  }
  return Readable.from([Buffer.concat(chunks, bytes)]);
}

/** Path and query in the form in which they were signed. */
function targetOf({ path, query = {} }: SignedRequest): string {
  const parameters = Object.keys(query)
    .sort()
    .flatMap((name) => [query[name] ?? null].flat().map((value) => (value === null ? escaped(name) : `${escaped(name)}=${escaped(value)}`)));
  return parameters.length === 0 ? path : `${path}?${parameters.join('&')}`;
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function flat(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value = '']) => [name, typeof value === 'string' ? value : value.join(', ')]));
}

function late(place: string, what: string, milliseconds: number): WeirError {
  return new WeirError({ code: 'UNAVAILABLE', message: `The store at ${place} has not ${what} for ${milliseconds / 1_000} s.`, place });
}
