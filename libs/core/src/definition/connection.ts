/** Names a secret that the service which uses the connection has; never the secret. */
export interface SecretReference {
  readonly secret: string;
}

/** A Postgres that a pipeline reads from or delivers to. */
export interface PostgresConnectionSettings {
  readonly type: 'postgres';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: SecretReference | undefined;
  readonly tls: boolean;
}

/** How requests to an API say who asks. */
export type ApiLogin =
  | { readonly type: 'bearer'; readonly token: SecretReference }
  | { readonly type: 'basic'; readonly user: string; readonly password: SecretReference }
  | { readonly type: 'apiKey'; readonly in: 'header' | 'query'; readonly name: string; readonly key: SecretReference }
  | { readonly type: 'oauth2'; readonly host?: string | undefined; readonly port?: number | undefined; readonly tokenPath: string; readonly clientId: string; readonly clientSecret: SecretReference; readonly scope?: string | undefined };

/** An HTTP API. */
export interface ApiConnectionSettings {
  readonly type: 'api';
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  /** Before the path of every source; without a slash at its end. */
  readonly basePath: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly login?: ApiLogin | undefined;
  /** Most requests a second of one run. */
  readonly requestsPerSecond: number;
}

/** A store with the API of S3. */
export interface S3ConnectionSettings {
  readonly type: 's3';
  /** Undefined for AWS itself. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly tls: boolean;
  readonly region: string;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: SecretReference | undefined;
}

/** What connections.yaml says of one system, by type. */
export type ConnectionSettings = PostgresConnectionSettings | ApiConnectionSettings | S3ConnectionSettings;
