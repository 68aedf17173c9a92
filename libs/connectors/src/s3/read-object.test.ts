import { createHash } from 'node:crypto';
import { CompleteMultipartUploadCommand, CreateMultipartUploadCommand, DeleteObjectCommand, PutBucketPolicyCommand, PutObjectCommand, UploadPartCommand, type ChecksumAlgorithm } from '@aws-sdk/client-s3';
import { TornRead, type Bucket } from '@weir/s3';
import { FaultProxy, HttpFaultProxy, testBucket, until, type HttpFault, type PassingRequest, type TestBucket } from '@weir/testkit';
import { objectPart } from './read-object';
import { bucketAt } from './testing/store';

const MEBIBYTE = 1024 * 1024;
const LIMITS = { rangeBytes: MEBIBYTE };
/** Three ranges and a bit, of bytes that tell where they are. */
const LARGE = Buffer.from(Uint32Array.from({ length: (3 * MEBIBYTE) / 4 + 100 }, (_, at) => at * 2_654_435_761).buffer);
const SMALL = Buffer.from('a,b\n1,2\n');

let store: TestBucket;
let proxy: HttpFaultProxy;
let bucket: Bucket;
beforeAll(async () => {
  store = await testBucket();
  await store.put({ large: LARGE, small: SMALL, empty: '' });
});
afterAll(() => store?.close());
beforeEach(async () => {
  proxy = await HttpFaultProxy.start(store.server);
  bucket = bucketAt(store.server, store.name, proxy, { limits: LIMITS });
});
afterEach(async () => {
  bucket.close();
  await proxy.close();
});

async function read(key: string, { bytes = key === 'large' ? LARGE.length : SMALL.length, from = bucket, signal = new AbortController().signal, onChunk = () => Promise.resolve() }: { bytes?: number; from?: Bucket; signal?: AbortSignal; onChunk?: (read: number) => Promise<void> } = {}): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const part = objectPart(from, { key, bytes, partition: 'all' }, signal);
  expect(part).toMatchObject({ name: key, partition: 'all' });
  for await (const chunk of part.bytes) {
    chunks.push(chunk);
    await onChunk(chunks.reduce((sum, { length }) => sum + length, 0));
  }
  return Buffer.concat(chunks);
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const ranges = (): (string | undefined)[] => proxy.requests.filter(({ method }) => method === 'GET').map(({ headers }) => headers.range);
/** Faults for the first requests for bytes, in order; the others are passed on. */
function faults(...list: readonly (HttpFault | undefined)[]): (request: PassingRequest) => HttpFault | undefined {
  const waiting = [...list];
  return ({ method }) => (method === 'GET' ? waiting.shift() : undefined);
}

test('a small object comes with one answer, a large one in ranges of the version that was there at first', async () => {
  expect(await read('small')).toEqual(SMALL);
  expect(ranges()).toEqual([undefined]);
  expect(await read('empty', { bytes: 0 })).toEqual(Buffer.alloc(0));
  expect(digest(await read('large'))).toBe(digest(LARGE));
  expect(ranges().slice(2)).toEqual([`bytes=0-${MEBIBYTE - 1}`, `bytes=${MEBIBYTE}-${2 * MEBIBYTE - 1}`, `bytes=${2 * MEBIBYTE}-${3 * MEBIBYTE - 1}`, `bytes=${3 * MEBIBYTE}-${LARGE.length - 1}`]);
  expect(new Set(proxy.requests.slice(-4).map(({ headers }) => headers['if-match']))).toEqual(new Set([`"${createHash('md5').update(LARGE).digest('hex')}"`]));
});

test('an object that has become larger or smaller since it was listed is read as it is', async () => {
  expect(digest(await read('large', { bytes: 4 }))).toBe(digest(LARGE));
  expect(await read('small', { bytes: 10 * MEBIBYTE })).toEqual(SMALL);
  expect(await read('empty', { bytes: 10 * MEBIBYTE })).toEqual(Buffer.alloc(0));
});

describe('a broken connection', () => {
  it.each(['large', 'small'])('goes on at the byte where it stopped: %s', async (key) => {
    const whole = key === 'large' ? LARGE : SMALL;
    const cut = key === 'large' ? 700_000 : 5;
    proxy.faultOf = faults({ cutAfter: cut }, { cutAfter: 1 });
    expect(digest(await read(key))).toBe(digest(whole));
    expect(ranges().slice(0, 3).map((range) => Number(/=(\d+)-/.exec(range ?? '=0-')?.[1]))).toEqual([0, cut, cut + 1]);
  });

  it('that breaks again and again is given up, and told', async () => {
    proxy.faultOf = () => ({ cutAfter: 0 });
    await expect(read('small')).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringMatching(/^The store at \S+ does not answer \(.*\)\. It was tried 6 times\.$/) });
    expect(proxy.requests).toHaveLength(6);
  });

  it('of the line itself, between reads and in one, is made again', async () => {
    const line = await FaultProxy.start(store.server);
    const from = bucketAt(store.server, store.name, line, { limits: { ...LIMITS, backoffMs: 100 } });
    try {
      expect(await read('small', { from })).toEqual(SMALL);
      let chunks = 0;
      const onChunk = async (): Promise<void> => {
        if ((chunks += 1) === 3) line.reset();
        line.pass();
      };
      expect(digest(await read('large', { from, onChunk }))).toBe(digest(LARGE));
    } finally {
      from.close();
      await line.close();
    }
  });
});

test('a store that has too much to do is asked again, later', async () => {
  const slowDown = { answer: { status: 503, headers: { 'content-type': 'application/xml' }, body: '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>' } };
  proxy.faultOf = faults(slowDown, slowDown, undefined, slowDown);
  expect(digest(await read('large'))).toBe(digest(LARGE));
  proxy.faultOf = () => slowDown;
  await expect(read('small')).rejects.toMatchObject({ code: 'UNAVAILABLE', message: `The store at ${proxy.host}:${proxy.port} answers 503 SlowDown for ${store.name}/small. It was tried 6 times.` });
});

test('a store that stays silent, at first or within an object, is given up after its time', async () => {
  const hasty = bucketAt(store.server, store.name, proxy, { limits: { ...LIMITS, idleMs: 100, tries: 2 } });
  const silent = new Promise<undefined>(() => undefined);
  proxy.faultOf = () => silent;
  await expect(read('small', { from: hasty })).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('has not sent anything for 0.1 s. It was tried 2 times.') });
  // 1 MiB takes ten seconds, and comes 64 KiB at a time.
  proxy.faultOf = () => ({ bytesPerSecond: 100_000 });
  await expect(read('large', { from: hasty })).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('has not sent anything') });
  hasty.close();
});

test('a slow store is waited for as long as bytes come', async () => {
  const hasty = bucketAt(store.server, store.name, proxy, { limits: { ...LIMITS, idleMs: 400, tries: 1 } });
  proxy.faultOf = () => ({ bytesPerSecond: 1_000_000 });
  expect(digest(await read('large', { from: hasty }))).toBe(digest(LARGE));
  hasty.close();
});

describe('an object that changes', () => {
  const other = Buffer.concat([Buffer.from('x'), LARGE.subarray(1)]);

  it('between two ranges is noticed', async () => {
    await store.put({ large: LARGE });
    proxy.faultOf = async ({ headers }) => {
      if (headers.range?.startsWith(`bytes=${MEBIBYTE}-`)) await store.put({ large: other });
      return undefined;
    };
    const error: unknown = await read('large').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TornRead);
    expect(error).toMatchObject({ code: 'SOURCE_UNREADABLE', message: `${store.name}/large changes while it is read.`, place: `${store.name}/large` });
    proxy.faultOf = () => undefined;
    expect(digest(await read('large'))).toBe(digest(other));
    await store.put({ large: LARGE });
  });

  it('while a small one broke off is noticed', async () => {
    await store.put({ changing: SMALL });
    proxy.faultOf = async ({ headers }) => {
      if (headers['if-match'] === undefined) return { cutAfter: 3 };
      await store.put({ changing: 'x,y\n1,2\n' });
      return undefined;
    };
    await expect(read('changing')).rejects.toBeInstanceOf(TornRead);
  });

  it('is noticed where the store does not heed If-Match', async () => {
    const open = await testBucket();
    await open.put({ large: LARGE });
    const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: ['s3:GetObject'], Resource: [`arn:aws:s3:::${open.name}/*`] }] };
    await open.client.send(new PutBucketPolicyCommand({ Bucket: open.name, Policy: JSON.stringify(policy) }));
    const from = bucketAt(store.server, open.name, proxy, { limits: LIMITS, connection: { accessKeyId: undefined, secretAccessKey: undefined } });
    expect(digest(await read('large', { from }))).toBe(digest(LARGE));
    proxy.faultOf = async ({ headers }) => {
      delete headers['if-match'];
      if (headers.range?.startsWith(`bytes=${MEBIBYTE}-`)) await open.put({ large: other });
      return undefined;
    };
    await expect(read('large', { from })).rejects.toBeInstanceOf(TornRead);
    from.close();
    open.close();
  });

  it('and is gone when it is read, or in between, is SOURCE_MISSING', async () => {
    await expect(read('gone')).rejects.toMatchObject({ code: 'SOURCE_MISSING', message: `${store.name}/gone disappeared before it was read.`, place: `${store.name}/gone` });
    await expect(read('gone', { bytes: LARGE.length })).rejects.toMatchObject({ code: 'SOURCE_MISSING', place: `${store.name}/gone` });
    await store.put({ vanishing: LARGE });
    proxy.faultOf = async ({ headers }) => {
      if (headers.range?.startsWith(`bytes=${MEBIBYTE}-`)) await store.client.send(new DeleteObjectCommand({ Bucket: store.name, Key: 'vanishing' }));
      return undefined;
    };
    await expect(read('vanishing', { bytes: LARGE.length })).rejects.toMatchObject({ code: 'SOURCE_MISSING', place: `${store.name}/vanishing` });
  });
});

describe('a checksum of the store', () => {
  const ALGORITHMS: ChecksumAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'];

  it.each(ALGORITHMS)('%s: bytes that are damaged on their way are noticed, and whole ones pass', async (ChecksumAlgorithm) => {
    for (const [key, Body] of [[`small-${ChecksumAlgorithm}`, SMALL], [`large-${ChecksumAlgorithm}`, LARGE]] as const) {
      await store.client.send(new PutObjectCommand({ Bucket: store.name, Key: key, Body, ChecksumAlgorithm }));
      proxy.faultOf = () => undefined;
      expect(digest(await read(key, { bytes: Body.length }))).toBe(digest(Body));
      proxy.faultOf = faults(undefined, { corruptAt: 7 });
      if (Body === SMALL) proxy.faultOf = faults({ corruptAt: 7 });
      const error: unknown = await read(key, { bytes: Body.length }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TornRead);
      expect(error).toMatchObject({ code: 'SOURCE_UNREADABLE', message: `What comes of ${store.name}/${key} has not the checksum that the store gives for it.` });
    }
  });

  it('counts over an answer that broke off and the one that went on', async () => {
    proxy.faultOf = faults({ cutAfter: 5 }, { corruptAt: 1 });
    await expect(read('small-SHA256')).rejects.toBeInstanceOf(TornRead);
  });

  it('of parts is none of the whole', async () => {
    const target = { Bucket: store.name, Key: 'parts' };
    const { UploadId } = await store.client.send(new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: 'SHA256' }));
    const body = Buffer.alloc(5 * MEBIBYTE, 'abc');
    const parts = [];
    for (const [at, Body] of [body, SMALL].entries()) {
      const { ETag, ChecksumSHA256 } = await store.client.send(new UploadPartCommand({ ...target, UploadId, PartNumber: at + 1, Body, ChecksumAlgorithm: 'SHA256' }));
      parts.push({ ETag, ChecksumSHA256, PartNumber: at + 1 });
    }
    await store.client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: parts } }));
    expect(digest(await read('parts', { bytes: 5 * MEBIBYTE }))).toBe(digest(Buffer.concat([body, SMALL])));
  });
});

describe('cancelling', () => {
  const cases: [string, (abort: () => void) => HttpFault | Promise<undefined>][] = [
    ['before an answer', (abort) => new Promise<undefined>(() => setImmediate(abort))],
    ['while bytes come slowly', (abort) => (setTimeout(abort, 50), { bytesPerSecond: 70_000 })],
    ['while waiting for another try', (abort) => (setTimeout(abort, 50), { answer: { status: 503 } })],
  ];

  it.each(cases)('%s ends at once', async (_, faultOf) => {
    const stop = new AbortController();
    const patient = bucketAt(store.server, store.name, proxy, { limits: { ...LIMITS, backoffMs: 60_000, maxBackoffMs: 60_000 } });
    let aborted = 0;
    proxy.faultOf = ({ method }) =>
      method === 'GET'
        ? faultOf(() => {
            aborted = performance.now();
            stop.abort();
          })
        : undefined;
    await expect(read('large', { from: patient, signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(performance.now() - aborted).toBeLessThan(1_000);
    patient.close();
    await until(() => proxy.requests.length > 0, { timeoutMs: 1_000 });
  });
});
