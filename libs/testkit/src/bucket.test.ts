import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { testBucket, type TestBucket } from './bucket';
import { HttpFaultProxy } from './http-fault-proxy';

let bucket: TestBucket;
let proxy: HttpFaultProxy;
beforeAll(async () => {
  bucket = await testBucket();
  await bucket.put({ 'a.csv': 'a\n1\n', 'b.csv': Buffer.alloc(300_000, 'b') });
});
afterAll(() => bucket?.close());
beforeEach(async () => {
  proxy = await HttpFaultProxy.start(bucket.server);
});
afterEach(() => proxy.close());

/** The bytes of an object that came, and what then went wrong. */
async function get(key: string): Promise<{ text: string; error?: string }> {
  const client = new S3Client({ endpoint: `http://${proxy.host}:${proxy.port}`, region: bucket.server.region, forcePathStyle: true, maxAttempts: 1, credentials: bucket.server, responseChecksumValidation: 'WHEN_REQUIRED' });
  let text = '';
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket.name, Key: key }));
    for await (const chunk of Body as AsyncIterable<Buffer>) text += chunk.toString();
    return { text };
  } catch (error) {
    const { name, code = name } = error as NodeJS.ErrnoException;
    return { text, error: code };
  } finally {
    client.destroy();
  }
}

test('a bucket has what was put into it and nothing else', async () => {
  const other = await testBucket();
  await other.put({ x: '' });
  other.close();
  const { Contents = [] } = await bucket.client.send(new ListObjectsV2Command({ Bucket: bucket.name }));
  expect(Contents.map(({ Key, Size }) => [Key, Size])).toEqual([['a.csv', 4], ['b.csv', 300_000]]);
});

test('a proxy without faults passes signed requests and their answers on, and remembers them', async () => {
  expect(await get('b.csv')).toEqual({ text: 'b'.repeat(300_000) });
  expect(proxy.requests).toEqual([expect.objectContaining({ method: 'GET', path: `/${bucket.name}/b.csv?x-id=GetObject` })]);
});

test('a proxy answers by itself, or changes what is asked for before it passes the request on', async () => {
  proxy.faultOf = () => ({ answer: { status: 503, body: '<Error><Code>SlowDown</Code></Error>' } });
  expect(await get('a.csv')).toEqual({ text: '', error: 'SlowDown' });
  proxy.faultOf = async () => {
    await bucket.put({ 'c.csv': 'changed' });
    return undefined;
  };
  expect(await get('c.csv')).toEqual({ text: 'changed' });
});

test('a proxy turns a bit of an answer, ends it in the middle, and lets it come slowly', async () => {
  proxy.faultOf = () => ({ corruptAt: 2 });
  expect(await get('a.csv')).toEqual({ text: 'a\n0\n' });
  proxy.faultOf = () => ({ cutAfter: 100_000 });
  const { text, error } = await get('b.csv');
  expect({ error, arrived: text.length }).toEqual({ error: 'ECONNRESET', arrived: 100_000 });
  proxy.faultOf = () => ({ bytesPerSecond: 20 });
  const started = performance.now();
  expect(await get('a.csv')).toEqual({ text: 'a\n1\n' });
  expect(performance.now() - started).toBeGreaterThan(190);
});
