import { Agent, request as plainRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { orAborted, WeirError } from '@weir/core';
import type { ReadOptions } from '../raw-part';
import type { ApiLimits } from './config';
import { cancelled, exchangeError } from './errors';
import { readBody } from './read-body';

/** One request, with everything that is secret in it. */
export interface HttpQuestion {
  readonly method: 'GET' | 'POST';
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  /** Path and query, encoded. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** The largest answer, inflated. */
  readonly answerBytes: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Inflated; of other answers than 200 what was read of it, at most 64 KiB. */
  readonly body: Buffer;
}

/** What is read of an answer that is no page. */
const REFUSAL_BYTES = 64 * 1024;

/**
 * Requests over connections that are kept, each to the address that `options.address` gives for its host: never to one that is looked up again. Redirects are answers like others.
 * Throws UNAVAILABLE for what passes by itself, SOURCE_REFUSED for what does not (a certificate, an answer that is too large), CANCELLED, and what `options.address` throws.
 */
export class HttpExchange {
  private readonly plain = new Agent({ keepAlive: true });
  // No variable of the environment may switch the check off.
  private readonly secure = new SecureAgent({ keepAlive: true, rejectUnauthorized: true });

  constructor(
    private readonly options: ReadOptions,
    private readonly limits: ApiLimits,
  ) {}

  async ask(question: HttpQuestion): Promise<HttpAnswer> {
    const { host, port } = question;
    const { address, signal } = this.options;
    try {
      const request = this.open(question, await orAborted(address(host, port), signal, cancelled));
      const response = await this.response(request, question);
      return await this.read(response, question);
    } catch (error) {
      throw exchangeError(error, `${host}:${port}`, signal);
    }
  }

  close(): void {
    this.plain.destroy();
    this.secure.destroy();
  }

  private open({ tls, host, port, target, method, headers, body }: HttpQuestion, address: string): ClientRequest {
    const name = isIP(host) === 6 ? `[${host}]` : host;
    const authority = port === (tls ? 443 : 80) ? name : `${name}:${port}`;
    const framing = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const settings = { host: address, port, method, path: target, headers: { ...headers, ...framing, host: authority }, signal: this.options.signal };
    // An address has no server name; its certificate is checked against the address itself.
    const request = tls ? secureRequest({ ...settings, agent: this.secure, servername: isIP(host) > 0 ? '' : host }) : plainRequest({ ...settings, agent: this.plain });
    return request.end(body);
  }

  /** The answer's head. A timer runs for each phase, because a server may be slow in any of them. */
  private response(request: ClientRequest, { tls, host, port }: HttpQuestion): Promise<IncomingMessage> {
    const { connectMs, headersMs } = this.limits;
    return new Promise((resolve, reject) => {
      const within = (milliseconds: number, what: string) => setTimeout(() => request.destroy(late(`${host}:${port}`, what, milliseconds)), milliseconds);
      let timer = within(connectMs, 'connected');
      const connected = (): void => {
        clearTimeout(timer);
        timer = within(headersMs, 'answered');
      };
      request.once('socket', (socket: Socket) => (request.reusedSocket ? connected() : socket.once(tls ? 'secureConnect' : 'connect', connected)));
      request.once('response', resolve);
      request.on('error', reject);
      request.once('response', () => clearTimeout(timer));
      request.once('close', () => {
        clearTimeout(timer);
        // A no-op after an answer or an error.
        reject(new Error('the connection was closed without an answer'));
      });
    });
  }

  private async read(response: IncomingMessage, { host, port, answerBytes }: HttpQuestion): Promise<HttpAnswer> {
    const { bodyMs } = this.limits;
    const place = `${host}:${port}`;
    const { statusCode: status = 0, headers } = response;
    const timer = setTimeout(() => response.destroy(late(place, 'sent its whole answer', bodyMs)), bodyMs);
    try {
      return { status, headers, body: await readBody(response, status === 200 ? { place, bytes: answerBytes, cut: false } : { place, bytes: REFUSAL_BYTES, cut: true }) };
    } finally {
      clearTimeout(timer);
    }
  }
}

function late(place: string, what: string, milliseconds: number): WeirError {
  return new WeirError({ code: 'UNAVAILABLE', message: `${place} has not ${what} within ${milliseconds / 1_000} s.`, place });
}
