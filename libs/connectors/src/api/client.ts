import { isWeirError, WeirError, type ApiConnectionSettings } from '@weir/core';
import { API_LIMITS, type ApiLimits, type ApiOptions } from './config';
import { HttpExchange, type HttpAnswer, type HttpQuestion } from './http-exchange';
import { Login } from './login';
import { OAuthToken } from './oauth-token';
import { Pace } from './pace';
import { ACCEPTED_ENCODINGS } from './read-body';
import { withRetries, type Tried } from './retries';
import { retryAfterMs } from './retry-after';
import { scrub } from './scrub';

/** A request for a page, and what makes a page of the answer. */
export interface PageQuestion<T> {
  /** Path and query, without the login's. */
  readonly target: string;
  /** For people, without anything secret. */
  readonly name: string;
  /** Throws FILE_TRUNCATED for an answer that broke off, which is asked for again, FILE_MALFORMED for what is no page at all. */
  readonly read: (answer: HttpAnswer) => T;
  /** Statuses that mean that there is no such page. */
  readonly absent?: readonly number[] | undefined;
}

/** Headers that a connection cannot set: they say how a request is framed, and to whom it goes. */
const RESERVED: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'proxy-connection', 'upgrade', 'expect', 'te', 'trailer', 'accept-encoding']);

/** As much of an answer is told as says what is wrong. */
const TOLD_CHARACTERS = 200;

/** Asks one API for pages: logged in, no faster than its connection says, again after what passes, and with no secret in any error. */
export class ApiClient {
  private readonly limits: ApiLimits;
  private readonly exchange: HttpExchange;
  private readonly pace: Pace;
  private readonly login: Login;

  /** Throws INVALID_VALUE for a header that a connection cannot set. */
  constructor(
    private readonly connection: ApiConnectionSettings,
    private readonly options: ApiOptions,
  ) {
    this.limits = { ...API_LIMITS, ...options.limits };
    this.exchange = new HttpExchange(options, this.limits);
    this.pace = new Pace(connection.requestsPerSecond, options.signal);
    const { login } = connection;
    const token = login?.type === 'oauth2' ? new OAuthToken(login, connection, options.secretOf, (question) => this.ask(question)) : undefined;
    this.login = new Login(login, options.secretOf, token);
    const names = [...Object.keys(connection.headers), ...(login?.type === 'apiKey' && login.in === 'header' ? [login.name] : [])];
    const reserved = names.find((name) => RESERVED.has(name.toLowerCase()));
    if (reserved !== undefined) throw new WeirError({ code: 'INVALID_VALUE', message: `\`${reserved}\` is no header that a connection can set.`, fix: 'Remove it from the connection.' });
  }

  /**
   * What `read` makes of the answer; undefined where there is no page: for a status of `absent`, and for 204. Throws SOURCE_REFUSED for an answer that is none and will be none, UNAVAILABLE when all retries
   * ended so, SECRET_MISSING, EGRESS_DENIED, CANCELLED.
   */
  async page<T>(question: PageQuestion<T>): Promise<T | undefined> {
    return this.clean(() => withRetries(() => this.tryPage(question), this.limits, this.options.signal));
  }

  close(): void {
    this.exchange.close();
  }

  private async tryPage<T>({ target, name, read, absent = [] }: PageQuestion<T>): Promise<Tried<T | undefined>> {
    let answer = await this.askForPage(target);
    // The server may have forgotten the token before its time.
    if (answer.status === 401 && this.login.renew()) answer = await this.askForPage(target);
    if (answer.status === 204 || absent.includes(answer.status)) return { value: undefined };
    const tried = this.judge(answer, `GET ${name}`, this.place());
    if (!('value' in tried)) return tried;
    try {
      return { value: read(answer) };
    } catch (error) {
      return { failure: this.unread(error, name, answer) };
    }
  }

  private async askForPage(target: string): Promise<HttpAnswer> {
    const { tls, host, port, headers: own } = this.connection;
    const { headers, query } = await this.login.credentials();
    const lowered = Object.fromEntries(Object.entries(own).map(([name, value]) => [name.toLowerCase(), value]));
    await this.pace.turn();
    return this.exchange.ask({
      method: 'GET',
      tls,
      host,
      port,
      target: query === undefined ? target : `${target}${target.includes('?') ? '&' : '?'}${query}`,
      headers: { accept: 'application/json', 'user-agent': 'weir', ...lowered, 'accept-encoding': ACCEPTED_ENCODINGS, ...headers },
      answerBytes: this.limits.pageBytes,
    });
  }

  /** Of a token: what is in the answer is told only where it is not one. */
  private ask(question: HttpQuestion): Promise<HttpAnswer> {
    const once = async (): Promise<Tried<HttpAnswer>> => {
      await this.pace.turn();
      return this.judge(await this.exchange.ask(question), `POST ${question.target}`, `${question.host}:${question.port}`);
    };
    return withRetries(once, this.limits, this.options.signal);
  }

  private judge(answer: HttpAnswer, what: string, place: string): Tried<HttpAnswer> {
    const { status, headers } = answer;
    if (status === 200) return { value: answer };
    const message = `${what} is answered with status ${status}${this.told(answer)}`;
    if (status === 408 || status === 429 || status >= 500) {
      const asked = status === 429 || status === 503 ? retryAfterMs(headers, this.limits.retryAfterMs) : undefined;
      return { failure: new WeirError({ code: 'UNAVAILABLE', message, place }), afterMs: asked };
    }
    throw new WeirError({ code: 'SOURCE_REFUSED', message, place, fix: fixOf(status) });
  }

  /** What is wrong with an answer of status 200: broken off, it may be whole the next time. */
  private unread(error: unknown, name: string, answer: HttpAnswer): WeirError {
    if (!isWeirError(error)) throw error;
    const { code, message, fix } = error;
    const place = this.place();
    if (code === 'FILE_TRUNCATED') return new WeirError({ code: 'UNAVAILABLE', message: `GET ${name} is answered in part: ${message}`, place });
    if (code === 'FILE_MALFORMED') throw new WeirError({ code: 'SOURCE_REFUSED', message: `GET ${name} is answered with what is no page: ${message.replace(/\.$/, '')}${this.told(answer)}`, place, fix: 'Correct `source.path`, or have the API answer in JSON.' });
    throw new WeirError({ code, message: `GET ${name}: ${message}`, place, fix });
  }

  /** The beginning of an answer. It is cleaned of secrets before it is cut: half of one would not be found. */
  private told({ body }: HttpAnswer): string {
    const text = scrub(body.subarray(0, 64 * 1024).toString('utf8'), this.login.secrets()).replace(/[\s\p{C}]+/gu, ' ').trim();
    return text === '' ? '.' : `: ${text.length > TOLD_CHARACTERS ? `${text.slice(0, TOLD_CHARACTERS)}…` : text}`;
  }

  /** Nothing that is thrown has a secret in it, wherever it came from. */
  private async clean<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      if (!isWeirError(error) || ['CANCELLED', 'SECRET_MISSING'].includes(error.code)) throw error;
      const secrets = this.login.secrets();
      const { code, message, place, fix, cause } = error;
      throw new WeirError({ code, message: scrub(message, secrets), place: place === undefined ? undefined : scrub(place, secrets), fix: scrub(fix, secrets) }, { cause });
    }
  }

  private place(): string {
    return `${this.connection.host}:${this.connection.port}`;
  }
}

function fixOf(status: number): string | undefined {
  if (status >= 300 && status < 400) return 'Redirects are not followed: write where the API is into the connection and `source.path`.';
  if (status === 401 || status === 403) return 'Correct the login of the connection, or the secret that it names.';
  if (status === 404) return 'Correct `source.path`, or `basePath` of the connection.';
  return undefined;
}
