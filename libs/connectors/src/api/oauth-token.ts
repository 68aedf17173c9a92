import { WeirError, type ApiConnectionSettings, type ApiLogin } from '@weir/core';
import type { ApiSecret } from './config';
import type { HttpAnswer, HttpQuestion } from './http-exchange';
import { basic } from './login';

type OAuthLogin = Extract<ApiLogin, { type: 'oauth2' }>;

/** A token is over this much before its time, at most: the request that carries it takes some. */
const MARGIN_S = 30;
/** Tokens that texts are cleaned of; a server may still speak of the one before. */
const REMEMBERED = 4;
const ANSWER_BYTES = 64 * 1024;
const FORM = /[!'()*]/g;

/** An access token for client credentials (RFC 6749, 4.4), which is asked for when there is none, and again when its time is over. */
export class OAuthToken {
  private held: { readonly token: string; readonly untilMs: number } | undefined;
  private readonly known: string[] = [];

  constructor(
    private readonly login: OAuthLogin,
    private readonly connection: ApiConnectionSettings,
    private readonly secretOf: (name: string) => ApiSecret,
    /** Asks until there is an answer with status 200. */
    private readonly ask: (question: HttpQuestion) => Promise<HttpAnswer>,
  ) {}

  /** Throws SECRET_MISSING, SOURCE_REFUSED for an answer without a token, and what asking throws. */
  async value(): Promise<string> {
    if (this.held && performance.now() < this.held.untilMs) return this.held.token;
    const askedMs = performance.now();
    const { token, lifetimeS } = this.read(await this.ask(this.question()));
    this.held = { token, untilMs: askedMs + 1_000 * (lifetimeS - Math.min(MARGIN_S, lifetimeS / 10)) };
    this.known.push(token);
    if (this.known.length > REMEMBERED) this.known.shift();
    return token;
  }

  /** Forgets the token; says whether there was one. */
  drop(): boolean {
    const had = this.held !== undefined;
    this.held = undefined;
    return had;
  }

  secrets(): readonly string[] {
    return [...this.known, this.clientSecret(), this.client()];
  }

  private question(): HttpQuestion {
    const { host, port, tokenPath, scope } = this.login;
    const { tls } = this.connection;
    return {
      method: 'POST',
      tls,
      host: host ?? this.connection.host,
      port: port ?? (host === undefined ? this.connection.port : tls ? 443 : 80),
      target: tokenPath,
      headers: { authorization: `Basic ${this.client()}`, accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      answerBytes: ANSWER_BYTES,
      body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }).toString(),
    };
  }

  private client(): string {
    return basic(formEncoded(this.login.clientId), formEncoded(this.clientSecret()));
  }

  private clientSecret(): string {
    return this.secretOf(this.login.clientSecret.secret).reveal();
  }

  /** Nothing of the answer is told: it may have a token where nobody looks for one. */
  private read({ body }: HttpAnswer): { token: string; lifetimeS: number } {
    const { access_token: token, token_type: type, expires_in: lifetime } = objectOf(body);
    if (typeof token !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(token)) throw this.refused('has no `access_token`');
    if (typeof type === 'string' && type.toLowerCase() !== 'bearer') throw this.refused('has a token of another type than bearer');
    const lifetimeS = Number(lifetime);
    return { token, lifetimeS: lifetime != null && lifetimeS >= 0 ? lifetimeS : Infinity };
  }

  private refused(what: string): WeirError {
    const { host, port } = this.question();
    return new WeirError({ code: 'SOURCE_REFUSED', message: `The answer to POST ${this.login.tokenPath} ${what}.`, place: `${host}:${port}`, fix: 'Correct `tokenPath` of the login.' });
  }
}

function objectOf(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** As RFC 6749 has ids and secrets encoded before they become one word. */
function formEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll('%20', '+').replace(FORM, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
