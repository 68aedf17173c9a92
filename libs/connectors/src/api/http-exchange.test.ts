import tls from 'node:tls';
import { apiServer, selfSigned, until, type ApiServer, type TestCertificate } from '@weir/testkit';
import { numbered, taken, type TakenPage } from './testing/reading';

const servers: ApiServer[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const server of servers.splice(0)) await server.close();
});

async function serve(certificate?: TestCertificate): Promise<ApiServer> {
  const server = await apiServer({ records: numbered(10), pages: { by: 'link', size: 4 }, ...(certificate && { tls: certificate }) });
  servers.push(server);
  return server;
}

/** Reads as if the host's name led to the server; gives which addresses were asked for, too. */
async function readAs(host: string, server: ApiServer, encrypted: boolean): Promise<{ pages: TakenPage[]; asked: string[] }> {
  const asked: string[] = [];
  const address = async (name: string, port: number): Promise<string> => {
    asked.push(`${name}:${port}`);
    return '127.0.0.1';
  };
  const pages = await taken(server, { pages: { by: 'link' }, connection: { host, tls: encrypted }, options: { address } });
  return { pages, asked };
}

/** This process trusts a certificate from now on, as it does with NODE_EXTRA_CA_CERTS. */
function trust({ cert }: TestCertificate): void {
  const { createSecureContext } = tls;
  jest.spyOn(tls, 'createSecureContext').mockImplementation((options) => createSecureContext({ ...options, ca: cert }));
}

test('a name is resolved by `address` alone, and every request goes to what that gave', async () => {
  const server = await serve();
  // No resolver knows the name.
  const { pages, asked } = await readAs('api.invalid', server, false);
  expect(pages.map(({ records }) => records)).toEqual([4, 4, 2]);
  expect(asked).toEqual(Array.from({ length: 3 }, () => `api.invalid:${server.port}`));
  expect(server.requests.map(({ headers }) => headers.host)).toEqual(asked);
});

test.each(['api.invalid', '127.0.0.1'])('over TLS %s must show a certificate for its name', async (host) => {
  const [own, other] = [selfSigned(['api.invalid', '127.0.0.1']), selfSigned(['other.invalid', '127.0.0.2'])];
  trust(own);
  const { pages } = await readAs(host, await serve(own), true);
  expect(pages).toHaveLength(3);
  jest.restoreAllMocks();
  trust(other);
  await expect(readAs(host, await serve(other), true)).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID') });
});

test('over TLS nobody may show a certificate that this machine does not trust', async () => {
  const server = await serve(selfSigned(['api.invalid']));
  await expect(readAs('api.invalid', server, true)).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('is not trusted'), fix: expect.stringContaining('NODE_EXTRA_CA_CERTS') });
  expect(server.requests).toHaveLength(0);
});

test('a server without TLS says so where TLS is asked for, and one with TLS where it is not', async () => {
  await expect(readAs('api.invalid', await serve(), true)).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('does not speak TLS') });
  await expect(readAs('api.invalid', await serve(selfSigned(['api.invalid'])), false)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('connections are kept from page to page, and closed with the reader', async () => {
  const certificate = selfSigned(['api.invalid']);
  trust(certificate);
  const contexts = jest.mocked(tls.createSecureContext).mock.calls;
  const server = await serve(certificate);
  contexts.length = 0;
  await readAs('api.invalid', server, true);
  expect(contexts).toHaveLength(1);
  await until(async () => (await server.connections()) === 0, { timeoutMs: 2_000, what: 'The end of all connections' });
});
