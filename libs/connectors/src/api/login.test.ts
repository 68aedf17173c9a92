import { WeirError, type ApiConnectionSettings, type ApiLogin } from '@weir/core';
import { apiServer, type ApiFault, type ApiRequest, type ApiServer, type ApiServerOptions } from '@weir/testkit';
import { inspect } from 'node:util';
import { numbered, taken, type Reading } from './testing/reading';

const servers: ApiServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(options: Partial<ApiServerOptions> = {}): Promise<ApiServer> {
  const server = await apiServer({ records: numbered(10), pages: { by: 'link', size: 4 }, ...options });
  servers.push(server);
  return server;
}

/** Where clouds tell machines their secrets. */
const METADATA = '169.254.169.254';
const KEY = { secret: 'KEY' };
// What secrets are in these tests, and the same as servers see it.
const CANARY = 'canary-KEY';
const BASIC = `Basic ${Buffer.from(`ada:${CANARY}`).toString('base64')}`;
const OAUTH: ApiLogin = { type: 'oauth2', tokenPath: '/oauth/token', clientId: 'weir app', clientSecret: KEY };

const LOGINS: readonly [string, ApiLogin, (request: ApiRequest) => boolean][] = [
  ['bearer', { type: 'bearer', token: KEY }, ({ headers }) => headers.authorization === `Bearer ${CANARY}`],
  ['basic', { type: 'basic', user: 'ada', password: KEY }, ({ headers }) => headers.authorization === BASIC],
  ['a key in a header', { type: 'apiKey', in: 'header', name: 'X-Api-Key', key: KEY }, ({ headers }) => headers['x-api-key'] === CANARY],
  ['a key in the query', { type: 'apiKey', in: 'query', name: 'api_key', key: KEY }, ({ query }) => query.getAll('api_key').join() === CANARY],
];

/** Records of all pages, and every text that came with them. */
async function read(server: ApiServer, login: ApiLogin, reading: Reading = {}): Promise<{ count: number; texts: string }> {
  const pages = await taken(server, { pages: { by: 'link' }, ...reading, connection: { login, ...reading.connection } });
  return { count: pages.reduce((sum, { records }) => sum + records, 0), texts: inspect(pages.map(({ name, next }) => ({ name, next })), { depth: null }) };
}

describe('a login', () => {
  test.each(LOGINS)('by %s comes with every page, also where links lead on, and is in no name and no position', async (_what, login, allow) => {
    const server = await serve({ allow });
    const { count, texts } = await read(server, login);
    expect(count).toBe(10);
    expect(texts).not.toContain(CANARY);
    expect(server.requests).toHaveLength(3);
  });

  test.each(LOGINS)('by %s that is wrong is refused, and says so', async (_what, login) => {
    const server = await serve({ allow: () => false });
    await expect(read(server, login)).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('status 401: {"error":"who are you?"}'), fix: expect.stringContaining('secret') });
    expect(server.requests).toHaveLength(1);
  });

  test('without its secret is SECRET_MISSING, and no request is made', async () => {
    const server = await serve();
    const secretOf = (name: string): never => {
      throw new WeirError({ code: 'SECRET_MISSING', message: `There is no secret ${name}.` });
    };
    for (const [, login] of LOGINS) await expect(read(server, login, { options: { secretOf } })).rejects.toMatchObject({ code: 'SECRET_MISSING' });
    expect(server.requests).toHaveLength(0);
  });

  test('whose secret cannot stand in a header says so without it', async () => {
    const server = await serve();
    const error = await read(server, { type: 'bearer', token: KEY }, { options: { secretOf: () => ({ reveal: () => `${CANARY}\n` }) } }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'INVALID_VALUE', fix: expect.stringContaining('secrets') });
    expect(inspect(error, { depth: null })).not.toContain(CANARY);
  });
});

describe('no error has a secret in it', () => {
  /** A server that says all that it was told. */
  const echo = (status: number) => ({ headers, query }: ApiRequest): ApiFault => ({ type: 'status', status, body: `${'.'.repeat(193)}${JSON.stringify(headers)} ${query.toString()} ${headers.authorization ?? headers['x-api-key'] ?? query.get('api_key') ?? ''}` });

  test.each(LOGINS.flatMap(([what, login]) => [200, 302, 400, 401, 500].map((status) => [what, status, login] as const)))('by %s where an answer of status %i tells it', async (_what, status, login) => {
    const server = await serve({ fault: echo(status) });
    const error = await read(server, login).catch((thrown: unknown) => thrown);
    const text = inspect(error, { depth: null, showHidden: true });
    expect(text).toContain('records');
    expect(text).not.toContain('canary');
    expect(text).not.toContain(Buffer.from(`ada:${CANARY}`).toString('base64'));
  });

  test('where it stands across the end of what is told', async () => {
    for (let before = 180; before <= 205; before += 1) {
      const server = await serve({ fault: () => ({ type: 'status', status: 400, body: '.'.repeat(before) + CANARY }) });
      await expect(read(server, { type: 'bearer', token: KEY })).rejects.toMatchObject({ message: expect.not.stringContaining('cana') });
    }
  });

  test('where a link leads away with it', async () => {
    const server = await serve({ fault: () => ({ type: 'status', status: 200, headers: { link: `<http://${CANARY}.example/${CANARY}>; rel=next` }, body: '[1]' }) });
    const error = await read(server, { type: 'bearer', token: KEY }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SOURCE_REFUSED' });
    expect(inspect(error, { depth: null }).toLowerCase()).not.toContain(CANARY.toLowerCase());
  });
});

describe('client credentials', () => {
  /** A server of tokens and pages: the n-th token is `canary-token-n`. */
  async function oauth(lifetime: string, more: { readonly tokens?: (request: ApiRequest) => ApiFault | undefined; readonly valid?: () => string } = {}): Promise<ApiServer> {
    let given = 0;
    return serve({
      fault: (request) => {
        if (request.path !== '/oauth/token') return undefined;
        return more.tokens?.(request) ?? { type: 'status', status: 200, body: `{"access_token":"canary-token-${(given += 1)}","token_type":"Bearer"${lifetime}}` };
      },
      allow: ({ headers }) => headers.authorization === `Bearer ${more.valid?.() ?? `canary-token-${given}`}`,
    });
  }

  const tokens = (server: ApiServer): ApiRequest[] => server.requests.filter(({ path }) => path === '/oauth/token');

  test('are exchanged for a token that all pages use', async () => {
    const server = await oauth(',"expires_in":3600');
    const { count, texts } = await read(server, { ...OAUTH, scope: 'orders:read all' });
    expect(count).toBe(10);
    expect(texts).not.toContain('canary');
    const [request, ...others] = tokens(server);
    expect(others).toEqual([]);
    expect(request).toMatchObject({ method: 'POST', body: 'grant_type=client_credentials&scope=orders%3Aread+all', headers: { authorization: `Basic ${Buffer.from(`weir+app:${CANARY}`).toString('base64')}`, 'content-type': 'application/x-www-form-urlencoded' } });
  });

  test.each([
    ['not known', '', 1],
    ['null', ',"expires_in":null', 1],
    ['over at once', ',"expires_in":0', 3],
  ])('give a token for as long as it lives: %s', async (_what, lifetime, expected) => {
    const server = await oauth(lifetime);
    expect((await read(server, OAUTH)).count).toBe(10);
    expect(tokens(server)).toHaveLength(expected);
  });

  test('give a new token where the old one is refused before its time, once', async () => {
    const pages: string[] = [];
    const server = await oauth('', { valid: () => (pages.push('asked') > 1 ? 'canary-token-2' : 'canary-token-1') });
    expect((await read(server, OAUTH)).count).toBe(10);
    expect(tokens(server)).toHaveLength(2);
    const refusing = await oauth('', { valid: () => 'none' });
    await expect(read(refusing, OAUTH)).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('status 401') });
    expect(refusing.requests.map(({ path }) => path)).toEqual(['/oauth/token', '/records', '/oauth/token', '/records']);
  });

  test('are asked for again after what passes, and go to a host of their own', async () => {
    const other = await oauth('', { tokens: ({ number }) => (number === 1 ? { type: 'status', status: 503 } : undefined) });
    const server = await serve({ allow: ({ headers }) => headers.authorization === 'Bearer canary-token-1' });
    const asked: string[] = [];
    const address = async (host: string, port: number): Promise<string> => {
      asked.push(`${host}:${port}`);
      return '127.0.0.1';
    };
    const connection: Partial<ApiConnectionSettings> = { host: 'api.example' };
    expect((await read(server, { ...OAUTH, host: 'login.example', port: other.port }, { connection, options: { address } })).count).toBe(10);
    expect(asked.slice(0, 3)).toEqual([`login.example:${other.port}`, `login.example:${other.port}`, `api.example:${server.port}`]);
    expect(other.requests[0]?.headers.host).toBe(`login.example:${other.port}`);
  });

  test.each<[string, ApiFault]>([
    ['refused', { type: 'status', status: 401, body: `{"error":"invalid_client","secret":"${CANARY}"}` }],
    ['a redirect', { type: 'status', status: 307, headers: { location: `http://${METADATA}/` } }],
    ['no token', { type: 'status', status: 200, body: '{"token":"canary-token"}' }],
    ['no JSON', { type: 'status', status: 200, body: 'access_token=canary-token' }],
    ['a token with a line end', { type: 'status', status: 200, body: '{"access_token":"canary\\r\\nx-evil: 1"}' }],
    ['a token of another type', { type: 'status', status: 200, body: '{"access_token":"canary","token_type":"mac"}' }],
    ['too large', { type: 'status', status: 200, body: `{"access_token":"${'c'.repeat(100_000)}"}` }],
  ])('whose answer is %s are refused, without what is secret', async (_what, fault) => {
    const server = await oauth('', { tokens: () => fault });
    const error = await read(server, OAUTH).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SOURCE_REFUSED' });
    expect(inspect(error, { depth: null })).not.toContain('canary');
    expect(server.requests.map(({ path }) => path)).toEqual(['/oauth/token']);
  });
});
