import type { ApiConnectionSettings } from '@weir/core';
import type { ApiSecret } from './config';
import type { OAuthToken } from './oauth-token';

/** What a request says of who asks. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  /** A query parameter, encoded. */
  readonly query?: string | undefined;
}

/** The login of a connection. Secrets are revealed for each request, and for finding them in what a server answers. */
export class Login {
  constructor(
    private readonly login: ApiConnectionSettings['login'],
    private readonly secretOf: (name: string) => ApiSecret,
    private readonly token: OAuthToken | undefined,
  ) {}

  /** Throws SECRET_MISSING, and what asking for a token throws. */
  async credentials(): Promise<Credentials> {
    const { login } = this;
    switch (login?.type) {
      case undefined:
        return { headers: {} };
      case 'bearer':
        return { headers: { authorization: `Bearer ${this.reveal(login.token)}` } };
      case 'basic':
        return { headers: { authorization: `Basic ${basic(login.user, this.reveal(login.password))}` } };
      case 'apiKey': {
        const key = this.reveal(login.key);
        return login.in === 'header' ? { headers: { [login.name.toLowerCase()]: key } } : { headers: {}, query: `${encodeURIComponent(login.name)}=${encodeURIComponent(key)}` };
      }
      case 'oauth2':
        return { headers: { authorization: `Bearer ${(await this.token?.value()) ?? ''}` } };
    }
  }

  /** After an answer that says that nobody is logged in: whether asking again can help, because the token is a new one. */
  renew(): boolean {
    return this.token?.drop() ?? false;
  }

  /** All that must not be in any text. */
  secrets(): readonly string[] {
    const { login } = this;
    switch (login?.type) {
      case undefined:
        return [];
      case 'bearer':
        return [this.reveal(login.token)];
      case 'basic':
        return [this.reveal(login.password), basic(login.user, this.reveal(login.password))];
      case 'apiKey':
        return [this.reveal(login.key)];
      case 'oauth2':
        return this.token?.secrets() ?? [];
    }
  }

  private reveal({ secret }: { readonly secret: string }): string {
    return this.secretOf(secret).reveal();
  }
}

/** User and password as one word (RFC 7617). */
export function basic(user: string, password: string): string {
  return Buffer.from(`${user}:${password}`).toString('base64');
}
