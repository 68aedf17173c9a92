import { randomBytes } from 'node:crypto';
import { CreateBucketCommand, GetObjectCommand, paginateListObjectsV2, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { sideBySide } from '@weir/core';

/** Writes at a time: more do not make a server on this machine faster. */
const CONCURRENT_WRITES = 16;

/** How often an answer may be torn. */
const TORN_READS = 5;

/** Where a test reaches an S3 server, without TLS; wrap the secret where a Secret is wanted. */
export interface TestS3 {
  readonly host: string;
  readonly port: number;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A bucket of its own for one test file. */
export interface TestBucket {
  readonly name: string;
  readonly server: TestS3;
  /** Of the account that owns the bucket. */
  readonly client: S3Client;
  /** Writes objects, by key. */
  put(objects: Readonly<Record<string, string | Buffer>>): Promise<void>;
  /** An object as a whole. */
  get(key: string): Promise<Buffer>;
  /** The keys that begin with a prefix, in their order. */
  keys(prefix: string): Promise<string[]>;
  /** Closes the client. The objects go with the data of the server, at the end of the tests' run: removing thousands of them takes seconds. */
  close(): void;
}

/**
 * Creates an empty bucket on the server named by WEIR_TEST_S3 (host:port), WEIR_TEST_S3_ACCESS_KEY_ID and WEIR_TEST_S3_SECRET_ACCESS_KEY. Call it in beforeAll and `close()` in afterAll. Throws
 * when the server is not named.
 */
export async function testBucket(): Promise<TestBucket> {
  const server = testServer();
  const { host, port, region, accessKeyId, secretAccessKey } = server;
  const client = new S3Client({ endpoint: `http://${host}:${port}`, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
  const name = `weir-test-${randomBytes(6).toString('hex')}`;
  await client.send(new CreateBucketCommand({ Bucket: name }));
  const put = async (objects: Readonly<Record<string, string | Buffer>>): Promise<void> => {
    await sideBySide(Object.entries(objects), CONCURRENT_WRITES, async ([Key, Body]) => void (await client.send(new PutObjectCommand({ Bucket: name, Key, Body, ContentLength: Buffer.byteLength(Body) }))));
  };
  const get = async (key: string): Promise<Buffer> => {
    const read = async (): Promise<Buffer> => Buffer.from((await (await client.send(new GetObjectCommand({ Bucket: name, Key: key }))).Body?.transformToByteArray()) ?? []);
    // The server may answer with the head of one version and the body of another while an object is replaced, which the client notices by their checksums.
    for (let left = TORN_READS; ; left -= 1) {
      const found = await read().catch((error: unknown) => {
        if (left > 0 && /Checksum mismatch/.test(String(error))) return undefined;
        throw error;
      });
      if (found) return found;
    }
  };
  const keys = async (prefix: string): Promise<string[]> => {
    const found: string[] = [];
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: name, Prefix: prefix })) found.push(...Contents.flatMap(({ Key }) => Key ?? []));
    return found.sort();
  };
  return { name, server, client, put, get, keys, close: () => client.destroy() };
}

function testServer(): TestS3 {
  const { WEIR_TEST_S3: address, WEIR_TEST_S3_ACCESS_KEY_ID: accessKeyId, WEIR_TEST_S3_SECRET_ACCESS_KEY: secretAccessKey } = process.env;
  const match = /^(.+):(\d{1,5})$/.exec(address ?? '');
  if (match?.[1] && accessKeyId && secretAccessKey) return { host: match[1], port: Number(match[2]), region: 'us-east-1', accessKeyId, secretAccessKey };
  throw new Error(
    'This test needs a real S3 server: set WEIR_TEST_S3=host:port, WEIR_TEST_S3_ACCESS_KEY_ID and WEIR_TEST_S3_SECRET_ACCESS_KEY. `npm test` at the root starts one and sets them; so does jest where package.json has "weir": {"servers": ["s3"]}.',
  );
}
