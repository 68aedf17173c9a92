import { inspect } from 'node:util';
import { createServer as createSecureServer } from 'node:tls';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { WeirError, type S3ConnectionSettings } from '@weir/core';
import { Bucket, TornRead } from '@weir/s3';
import { HttpFaultProxy, testBucket, type TestBucket } from '@weir/testkit';
import { testS3 } from './probe';
import { objectPart } from './read-object';
import { sliceBucket } from './slice';
import { bucketAt, connectionTo, optionsFor } from './testing/store';

let store: TestBucket;
let proxy: HttpFaultProxy;
beforeAll(async () => {
  store = await testBucket();
  await store.put({ 'a.csv': 'a\n1\n', 'b.csv': '', '2010-12-01.csv': 'a\n', '2010-12-02T10.csv': 'a\n', 'x/y.txt': '' });
});
afterAll(() => store?.close());
beforeEach(async () => {
  proxy = await HttpFaultProxy.start(store.server);
});
afterEach(() => proxy.close());

const settings = (changes: Partial<S3ConnectionSettings> = {}): S3ConnectionSettings => connectionTo(store.server, proxy, { accessKeyId: store.server.accessKeyId, ...changes });

/** What becomes of a list and of a look at one key. */
async function failures(connection: S3ConnectionSettings, options = optionsFor(store.server)): Promise<WeirError[]> {
  const bucket = Bucket.open({ bucket: store.name }, connection, options);
  const found = await Promise.all(['*.csv', 'a.csv'].map((path) => sliceBucket(bucket, { path, empty: 'error' }, undefined, undefined).then(() => 'nothing', (error: unknown) => error)));
  bucket.close();
  return found as WeirError[];
}

it('tells users nothing about the Node that the next version of the client needs', async () => {
  const warned = jest.spyOn(process, 'emitWarning');
  bucketAt(store.server, store.name, proxy).close();
  expect(warned).not.toHaveBeenCalled();
  warned.mockRestore();
});

describe('what a store refuses', () => {
  it('a login that it does not know is SOURCE_REFUSED and says which of the two is wrong', async () => {
    expect(await failures(settings({ accessKeyId: 'NOBODY' }))).toEqual(['', '/a.csv'].map((key) => expect.objectContaining({ code: 'SOURCE_REFUSED', message: `The store at ${proxy.host}:${proxy.port} does not know the login of the connection (403 InvalidAccessKeyId).`, place: `${store.name}${key}`, fix: expect.stringContaining('accessKeyId') })));
    expect(await failures(settings(), optionsFor({ secretAccessKey: 'wrong' }))).toEqual([expect.objectContaining({ code: 'SOURCE_REFUSED', message: expect.stringContaining('(403 SignatureDoesNotMatch)') }), expect.objectContaining({ code: 'SOURCE_REFUSED', message: expect.stringContaining('(403 SignatureDoesNotMatch)') })]);
  });

  it('what a login may not do is SOURCE_REFUSED and says what to allow', async () => {
    const [list, key] = await failures(settings({ accessKeyId: undefined, secretAccessKey: undefined }));
    expect(list).toMatchObject({ code: 'SOURCE_REFUSED', message: `The store at ${proxy.host}:${proxy.port} refuses to let ${store.name} be listed (403 AccessDenied).`, fix: expect.stringContaining('s3:ListBucket') });
    expect(key).toMatchObject({ code: 'SOURCE_REFUSED', message: `The store at ${proxy.host}:${proxy.port} refuses to let ${store.name}/a.csv be read (403 AccessDenied).`, fix: expect.stringContaining('s3:GetObject') });
    expect(proxy.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  it('a bucket of another region is SOURCE_REFUSED and names the region to set', async () => {
    for (const error of await failures(settings({ region: 'eu-west-1' }))) expect(error).toMatchObject({ code: 'SOURCE_REFUSED', message: `The bucket ${store.name} is in the region us-east-1, and the connection says eu-west-1.`, fix: 'Write `region: us-east-1` into the connection.' });
    // As AWS answers, with a redirect that nobody follows.
    proxy.faultOf = () => ({ answer: { status: 301, headers: { 'x-amz-bucket-region': 'ap-south-1', location: 'http://127.0.0.1:1/' }, body: '<Error><Code>PermanentRedirect</Code><Endpoint>127.0.0.1:1</Endpoint></Error>' } });
    for (const error of await failures(settings())) expect(error).toMatchObject({ code: 'SOURCE_REFUSED', message: `The bucket ${store.name} is in the region ap-south-1, and the connection says us-east-1.`, fix: 'Write `region: ap-south-1` into the connection.' });
    proxy.faultOf = () => ({ answer: { status: 307, headers: { location: 'http://127.0.0.1:1/' }, body: '<Error><Code>TemporaryRedirect</Code></Error>' } });
    for (const error of await failures(settings())) expect(error).toMatchObject({ code: 'SOURCE_REFUSED', message: `The store at ${proxy.host}:${proxy.port} sends requests for ${store.name} elsewhere (307 TemporaryRedirect).` });
  });

  it('other refusals are told by their name', async () => {
    proxy.faultOf = () => ({ answer: { status: 400, body: '<Error><Code>ExpiredToken</Code><Message>no</Message></Error>' } });
    expect((await failures(settings()))[1]).toMatchObject({ code: 'SOURCE_REFUSED', message: `The store at ${proxy.host}:${proxy.port} refuses to let ${store.name}/a.csv be read (400 ExpiredToken).` });
  });

  it('an archived object is SOURCE_UNREADABLE', async () => {
    proxy.faultOf = () => ({ answer: { status: 403, body: '<Error><Code>InvalidObjectState</Code></Error>' } });
    expect((await failures(settings()))[1]).toMatchObject({ code: 'SOURCE_UNREADABLE', message: `${store.name}/a.csv is archived.` });
  });
});

describe('what is no answer of S3', () => {
  it.each([
    ['a page of something else', 200, '<!doctype html><title>Hello'],
    ['a page that is not there', 404, '<html>Not found</html>'],
    ['an answer without words', 400, ''],
  ])('%s is SOURCE_REFUSED', async (_, status, body) => {
    proxy.faultOf = () => ({ answer: { status, headers: { 'content-type': 'text/html' }, body } });
    expect((await failures(settings()))[0]).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining(`answers ${status}`) });
  });

  it('more than any answer of S3 has is SOURCE_REFUSED before it is in memory', async () => {
    proxy.faultOf = () => ({ answer: { status: 200, body: `<ListBucketResult>${' '.repeat(17 * 1024 * 1024)}</ListBucketResult>` } });
    expect((await failures(settings()))[0]).toMatchObject({ code: 'SOURCE_REFUSED', message: `The store at ${proxy.host}:${proxy.port} gives an answer of more than 16777216 bytes, which is none of S3.` });
  });

  it('lists that are nested deeply or have entities are read as far as they are lists', async () => {
    proxy.faultOf = () => ({ answer: { status: 200, body: `${'<a>'.repeat(200_000)}` } });
    expect((await failures(settings(), optionsFor(store.server, { limits: { tries: 1 } })))[0]).toBeInstanceOf(WeirError);
    const bomb = `<!DOCTYPE x [<!ENTITY a "${'x'.repeat(1_000)}"><!ENTITY b "${'&a;'.repeat(1_000)}">]>`;
    proxy.faultOf = ({ path }) => (path.includes('list-type') ? { answer: { status: 200, body: `${bomb}<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>&b;.csv</Key></Contents></ListBucketResult>` } } : undefined);
    const found = await testS3({ bucket: store.name, path: '*.csv' }, settings(), optionsFor(store.server)).catch((error: unknown) => error);
    expect(JSON.stringify(found).length).toBeLessThan(1_000);
  });

  it('bytes that nobody asked for are not read', async () => {
    // As a store answers that does not heed ranges; most of it never comes.
    proxy.faultOf = () => ({ answer: { status: 200, headers: { etag: '"a"', 'content-length': '400000000' }, body: 'x'.repeat(100_000) } });
    const bucket = bucketAt(store.server, store.name, proxy);
    expect(await bucket.find('large')).toEqual({ key: 'large', bytes: 400_000_000 });
    bucket.close();
  });

  it('an answer for another range than the one asked for is SOURCE_REFUSED', async () => {
    await store.put({ ranged: Buffer.alloc(100) });
    const bucket = bucketAt(store.server, store.name, proxy, { limits: { rangeBytes: 10 } });
    const read = async (headers: Record<string, string>): Promise<unknown> => {
      proxy.faultOf = ({ method }) => (method === 'GET' ? { answer: { status: 206, headers, body: '0123456789' } } : undefined);
      const part = objectPart(bucket, { key: 'ranged', bytes: 100, partition: 'all' }, new AbortController().signal);
      return part.bytes[Symbol.asyncIterator]().next().catch((error: unknown) => error);
    };
    const etag = (await bucket.version('ranged', new AbortController().signal)).etag ?? '';
    expect(await read({ etag, 'content-range': 'bytes 5-14/100' })).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('gives other bytes than it is asked for'), place: `${store.name}/ranged` });
    expect(await read({ etag })).toMatchObject({ code: 'SOURCE_REFUSED' });
    expect(await read({ etag, 'content-range': 'bytes 0-19/100', 'content-length': '20' })).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('gives more or fewer bytes') });
    expect(await read({ etag, 'content-range': 'bytes 0-9/90' })).toBeInstanceOf(TornRead);
    bucket.close();
  });

  it('a gateway without its store is asked again, and then UNAVAILABLE', async () => {
    proxy.faultOf = () => ({ answer: { status: 502, headers: { 'content-type': 'text/html' }, body: '<html><h1>Bad gateway' } });
    for (const error of await failures(settings())) expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('answers 502') });
    expect(proxy.requests).toHaveLength(12);
  });

  it('a server of another protocol is UNAVAILABLE, one without TLS is told', async () => {
    const noise = createServer((socket) => socket.on('error', () => undefined).end('220 smtp\r\n')).listen(0, '127.0.0.1');
    await once(noise, 'listening');
    const found = await failures(settings({ port: (noise.address() as AddressInfo).port }));
    noise.close();
    for (const error of found) expect(error).toMatchObject({ code: 'UNAVAILABLE' });
    for (const error of await failures(settings({ tls: true }))) expect(error).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('does not speak TLS') });
  });
});

test('a store that is not there is UNAVAILABLE', async () => {
  const gone = await HttpFaultProxy.start(store.server);
  const { port } = gone;
  await gone.close();
  for (const error of await failures(settings({ port }))) expect(error).toMatchObject({ code: 'UNAVAILABLE', message: `The store at 127.0.0.1:${port} does not answer (ECONNREFUSED). It was tried 6 times.` });
});

test('everybody may read an open bucket without a login', async () => {
  const open = await testBucket();
  await open.put({ 'a.csv': 'a\n1\n' });
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: ['s3:GetObject', 's3:ListBucket'], Resource: [`arn:aws:s3:::${open.name}`, `arn:aws:s3:::${open.name}/*`] }] };
  await open.client.send(new PutBucketPolicyCommand({ Bucket: open.name, Policy: JSON.stringify(policy) }));
  const bucket = bucketAt(store.server, open.name, proxy, { connection: { accessKeyId: undefined, secretAccessKey: undefined } });
  expect((await sliceBucket(bucket, { path: '*.csv', empty: 'error' }, undefined, undefined)).objects).toEqual([{ key: 'a.csv', bytes: 4, partition: 'all' }]);
  bucket.close();
  open.close();
});

describe('where connections lead', () => {
  const denied = (place: string): WeirError => new WeirError({ code: 'EGRESS_DENIED', message: 'Not there.', place });

  /** The hosts that are asked for, none of which is allowed. */
  async function askedFor(connection: S3ConnectionSettings, bucket = store.name): Promise<Set<string>> {
    const hosts = new Set<string>();
    const options = optionsFor(store.server, { address: (host, port) => (hosts.add(`${host}:${port}`), Promise.reject(denied(host))) });
    const opened = Bucket.open({ bucket }, connection, options);
    await expect(sliceBucket(opened, { path: '*.csv', empty: 'error' }, undefined, undefined)).rejects.toMatchObject({ code: 'EGRESS_DENIED' });
    await expect(opened.find('a.csv')).rejects.toMatchObject({ code: 'EGRESS_DENIED' });
    opened.close();
    return hosts;
  }

  it('AWS itself is reached by the host of the bucket, a host by its path', async () => {
    const aws: S3ConnectionSettings = { type: 's3', tls: true, region: 'eu-central-1', accessKeyId: 'A', secretAccessKey: { secret: 'S' } };
    expect(await askedFor(aws, 'orders')).toEqual(new Set(['orders.s3.eu-central-1.amazonaws.com:443']));
    // A certificate of AWS does not cover two levels.
    expect(await askedFor(aws, 'orders.shop')).toEqual(new Set(['s3.eu-central-1.amazonaws.com:443']));
    expect(await askedFor({ ...aws, region: 'cn-north-1' }, 'orders')).toEqual(new Set(['orders.s3.cn-north-1.amazonaws.com.cn:443']));
    expect(await askedFor({ ...aws, host: 'store.example' }, 'orders')).toEqual(new Set(['store.example:443']));
    expect(await askedFor({ ...aws, host: 'fd00::1', tls: false, port: 9000 }, 'orders')).toEqual(new Set(['fd00::1:9000']));
  });

  it('goes to the address that was given for the host, whatever the name leads to, with the name in the Host header', async () => {
    const options = optionsFor(store.server, { address: (host) => (host === 'store.invalid' ? Promise.resolve(proxy.host) : Promise.reject(denied(host))) });
    const bucket = Bucket.open({ bucket: store.name }, settings({ host: 'store.invalid' }), options);
    expect(await bucket.find('a.csv')).toEqual({ key: 'a.csv', bytes: 4 });
    expect(proxy.requests[0]?.headers.host).toBe(`store.invalid:${proxy.port}`);
    bucket.close();
  });

  it('tells a server with TLS the name of the host, not its address', async () => {
    const names: string[] = [];
    const secure = createSecureServer({ SNICallback: (name, done) => (names.push(name), done(null)) }).on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(secure, 'listening');
    const options = optionsFor(store.server, { address: () => Promise.resolve('127.0.0.1'), limits: { tries: 1 } });
    const found = await failures(settings({ host: 'store.invalid', port: (secure.address() as AddressInfo).port, tls: true }), options);
    secure.close();
    expect(new Set(names)).toEqual(new Set(['store.invalid']));
    // A server without a certificate ends the handshake.
    for (const error of found) expect(error).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('does not speak TLS as this machine does (') });
  });

  it('takes no login, address or setting from the environment', async () => {
    const before = process.env;
    process.env = { ...before, AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1', AWS_REGION: 'xx-none-1', AWS_ACCESS_KEY_ID: 'ENVIRONMENT', AWS_SECRET_ACCESS_KEY: 'ENVIRONMENT', AWS_SESSION_TOKEN: 'ENVIRONMENT', AWS_MAX_ATTEMPTS: '9', AWS_USE_FIPS_ENDPOINT: 'true', AWS_USE_DUALSTACK_ENDPOINT: 'true', AWS_PROFILE: 'none', AWS_CONFIG_FILE: '/nowhere', HTTP_PROXY: 'http://127.0.0.1:1', http_proxy: 'http://127.0.0.1:1' };
    try {
      expect(await askedFor({ type: 's3', tls: true, region: 'eu-central-1', accessKeyId: 'A', secretAccessKey: { secret: 'S' } }, 'orders')).toEqual(new Set(['orders.s3.eu-central-1.amazonaws.com:443']));
      expect((await failures(settings({ accessKeyId: undefined, secretAccessKey: undefined })))[0]).toMatchObject({ message: expect.stringContaining('AccessDenied') });
      expect(JSON.stringify(proxy.requests)).not.toContain('ENVIRONMENT');
      expect(proxy.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    } finally {
      process.env = before;
    }
  });
});

test('no error has the secret or a signature in it', async () => {
  const errors = [
    ...(await failures(settings({ region: 'eu-west-1' }))),
    ...(await failures(settings({ accessKeyId: 'NOBODY' }))),
    ...(await failures(settings(), optionsFor({ secretAccessKey: 'canary-of-a-secret' }))),
  ];
  proxy.faultOf = () => ({ cutAfter: 0 });
  errors.push(...(await failures(settings(), optionsFor({ secretAccessKey: 'canary-of-a-secret' }))));
  const told = errors.map((error) => inspect(error, { depth: 20, showHidden: true })).join('\n');
  expect(errors).toHaveLength(8);
  for (const secret of [store.server.secretAccessKey, 'canary-of-a-secret', 'AWS4-HMAC', 'Signature=']) expect(told).not.toContain(secret);
});

describe('a test of a source', () => {
  it('says what it would read, of dated keys those of any interval', async () => {
    const options = optionsFor(store.server);
    expect(await testS3({ bucket: store.name, path: '?.csv' }, settings(), options)).toEqual({ first: [{ key: 'a.csv', bytes: 4 }, { key: 'b.csv', bytes: 0 }], objects: 2, bytes: 4, more: false });
    expect((await testS3({ bucket: store.name, path: '{date}.csv' }, settings(), options)).first.map(({ key }) => key)).toEqual(['2010-12-01.csv']);
    expect((await testS3({ bucket: store.name, path: '{hour}.csv' }, settings(), options)).first.map(({ key }) => key)).toEqual(['2010-12-02T10.csv']);
    expect(await testS3({ bucket: store.name, path: 'none/*' }, settings(), options)).toEqual({ first: [], objects: 0, bytes: 0, more: false });
  });

  it('does not wait for what passes by itself', async () => {
    proxy.faultOf = () => ({ answer: { status: 503 } });
    await expect(testS3({ bucket: store.name, path: '*.csv' }, settings(), optionsFor(store.server))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(proxy.requests).toHaveLength(1);
  });
});
