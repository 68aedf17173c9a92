import { parseInterval } from '@weir/core';
import type { Bucket } from '@weir/s3';
import { HttpFaultProxy, testBucket, type TestBucket } from '@weir/testkit';
import { listObjects, sliceBucket } from './slice';
import { bucketAt } from './testing/store';

let store: TestBucket;
let proxy: HttpFaultProxy;
let bucket: Bucket;
beforeAll(async () => {
  store = await testBucket();
});
afterAll(() => store?.close());
beforeEach(async () => {
  proxy = await HttpFaultProxy.start(store.server);
  bucket = bucketAt(store.server, store.name, proxy);
});
afterEach(async () => {
  bucket.close();
  await proxy.close();
});

const lists = (): string[] => proxy.requests.flatMap(({ path }) => (path.includes('list-type=2') ? [path] : []));
const keysOf = async (path: string, empty: 'allow' | 'error' = 'error'): Promise<string[]> => (await sliceBucket(bucket, { path, empty }, undefined, undefined)).objects.map(({ key }) => key);

describe('dated keys', () => {
  const days = parseInterval('2010-12-01', '2010-12-03', '1d');
  beforeAll(() => store.put({ 'in/2010-12-01.csv': 'a\n1\n', 'in/2010-12-02.csv': '', 'in/2010-12-03.csv': 'a\n', 'partly/2010-12-01.csv': 'a\n', 'h/2024-02-29/o-2024-02-29T00.csv': 'a', 'h/2024-02-29/o-2024-02-29T01.csv': 'b', 'm/2024-03-01T00-05.csv': 'c' }));

  it('are one for each grain, in order, with their sizes, and nothing is listed for them', async () => {
    expect(await sliceBucket(bucket, { path: 'in/{date}.csv', empty: 'error' }, days, '1d')).toEqual({
      partitions: ['2010-12-01T00:00:00Z', '2010-12-02T00:00:00Z'],
      objects: [
        { key: 'in/2010-12-01.csv', bytes: 4, partition: '2010-12-01T00:00:00Z' },
        { key: 'in/2010-12-02.csv', bytes: 0, partition: '2010-12-02T00:00:00Z' },
      ],
    });
    expect(lists()).toEqual([]);
  });

  it('are named by hour and minute as files are', async () => {
    const hours = await sliceBucket(bucket, { path: 'h/{date}/o-{hour}.csv', empty: 'error' }, parseInterval('2024-02-29T00', '2024-02-29T02', '2h'), '2h');
    expect(hours.objects.map(({ key, partition }) => [key, partition])).toEqual([['h/2024-02-29/o-2024-02-29T00.csv', '2024-02-29T00:00:00Z'], ['h/2024-02-29/o-2024-02-29T01.csv', '2024-02-29T00:00:00Z']]);
    const minutes = await sliceBucket(bucket, { path: 'm/{minute}.csv', empty: 'error' }, parseInterval('2024-03-01T00:05', '2024-03-01T00:10', '5m'), '5m');
    expect(minutes.objects).toEqual([{ key: 'm/2024-03-01T00-05.csv', bytes: 1, partition: '2024-03-01T00:05:00Z' }]);
  });

  it('that are missing are an error naming bucket and key, or an empty partition where that is normal', async () => {
    const place = `${store.name}/partly/2010-12-02.csv`;
    await expect(sliceBucket(bucket, { path: 'partly/{date}.csv', empty: 'error' }, days, '1d')).rejects.toMatchObject({ code: 'SOURCE_MISSING', message: `The object of the interval 2010-12-02T00:00:00Z is missing: ${place}.`, place });
    const slice = await sliceBucket(bucket, { path: 'partly/{date}.csv', empty: 'allow' }, days, '1d');
    expect({ ...slice, objects: slice.objects.map(({ key }) => key) }).toEqual({ partitions: ['2010-12-01T00:00:00Z', '2010-12-02T00:00:00Z'], objects: ['partly/2010-12-01.csv'] });
  });

  it('need an interval', async () => {
    await expect(keysOf('in/{date}.csv')).rejects.toMatchObject({ code: 'INVALID_INTERVAL', place: `${store.name}/in/{date}.csv` });
  });

  it('that are more than a run reads are not asked for', async () => {
    await expect(sliceBucket(bucket, { path: '{hour}.csv', empty: 'allow' }, parseInterval('2000-01-01', '2003-01-01', '1d'), '1d')).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('26304 objects or more') });
    expect(proxy.requests).toEqual([]);
  });
});

describe('a pattern', () => {
  const ODD = ['odd/a b+c.csv', 'odd/a%41.csv', 'odd/a&b<c>"d\'.csv', 'odd/a\nb.csv', 'odd/ü\u{1F600}.csv', 'odd/(a)!*~.csv'];
  beforeAll(() => store.put({ 'p/b.csv': 'b', 'p/a.csv': 'aa', 'p/a.csv.part': '', 'p/.hidden.csv': '', 'p/sub/c.csv': 'c', 'p/sub/deep/d.csv': 'd', 'p/.sub/e.csv': 'e', 'pq.csv': 'q', 'p/folder.csv/': '', ...Object.fromEntries(ODD.map((key) => [key, key])) }));

  it('gives all objects that match, sorted by key, in one partition', async () => {
    expect(await sliceBucket(bucket, { path: 'p/*.csv', empty: 'error' }, undefined, undefined)).toEqual({ partitions: ['all'], objects: [{ key: 'p/a.csv', bytes: 2, partition: 'all' }, { key: 'p/b.csv', bytes: 1, partition: 'all' }] });
    expect(await keysOf('p/**/*.csv')).toEqual(['p/a.csv', 'p/b.csv', 'p/sub/c.csv', 'p/sub/deep/d.csv']);
    expect(await keysOf('p/sub/**')).toEqual(['p/sub/c.csv', 'p/sub/deep/d.csv']);
    expect(await keysOf('p?.csv')).toEqual(['pq.csv']);
    expect(await keysOf('p/.*.csv')).toEqual(['p/.hidden.csv']);
  });

  it('shows with each key the time and a stamp that changes with the content', async () => {
    const seen = async () => {
      const pages = [];
      for await (const page of listObjects(bucket, 'p/*.csv')) pages.push(...page);
      return pages;
    };
    const before = await seen();
    expect(before.map(({ name, bytes }) => [name, bytes])).toEqual([['p/a.csv', 2], ['p/b.csv', 1]]);
    expect(before.every(({ modifiedMs }) => modifiedMs > Date.parse('2020-01-01'))).toBe(true);
    await store.put({ 'p/b.csv': 'c', 'p/a.csv': 'aa' });
    expect((await seen()).map(({ stamp }, at) => stamp === before[at]?.stamp)).toEqual([true, false]);
    await store.put({ 'p/b.csv': 'b' });
    expect(await seen()).toMatchObject(before.map(({ name, stamp }) => ({ name, stamp })));
  });

  it('asks only for keys that begin as the pattern does', async () => {
    await keysOf('p/su*/c.csv');
    expect(lists()).toEqual([expect.stringMatching(/prefix=p%2Fsu(&|$)/)]);
  });

  it('gives keys with every character', async () => {
    expect(await keysOf('odd/*')).toEqual([...ODD].sort());
  });

  it('gives keys that the store writes in the form of URLs', async () => {
    const keys = ['u/a%0Ab+c%2Bd.csv', 'u/%25.csv'];
    proxy.faultOf = () => ({ answer: { status: 200, body: `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${keys.map((key) => `<Contents><Key>${key}</Key><Size>7</Size></Contents>`).join('')}</ListBucketResult>` } });
    expect(await keysOf('u/*.csv')).toEqual(['u/%.csv', 'u/a\nb c+d.csv']);
  });

  it('without a match is SOURCE_MISSING, or no objects where that is normal', async () => {
    await expect(keysOf('none/*.csv')).rejects.toMatchObject({ code: 'SOURCE_MISSING', message: `No object matches ${store.name}/none/*.csv.` });
    expect(await sliceBucket(bucket, { path: 'none/*.csv', empty: 'allow' }, undefined, undefined)).toEqual({ partitions: ['all'], objects: [] });
  });

  it('without wildcards is one key, for which nothing is listed', async () => {
    expect(await keysOf('p/a.csv')).toEqual(['p/a.csv']);
    await expect(keysOf('p/a')).rejects.toMatchObject({ code: 'SOURCE_MISSING', place: `${store.name}/p/a` });
    expect(lists()).toEqual([]);
  });
});

test.each(['{date}.csv', '*.csv', 'a.csv'])('a bucket that is not there is an error for %s, whatever empty says', async (path) => {
  const nowhere = bucketAt(store.server, 'weir-nowhere', proxy);
  const interval = path.includes('{') ? parseInterval('2010-12-01', '2010-12-02', '1d') : undefined;
  await expect(sliceBucket(nowhere, { path, empty: 'allow' }, interval, interval && '1d')).rejects.toMatchObject({ code: 'SOURCE_MISSING', message: `The bucket weir-nowhere does not exist in the store at ${proxy.host}:${proxy.port}.`, place: 'weir-nowhere' });
  nowhere.close();
});

test('2,500 keys come in three pages, each asked for once, and in order', async () => {
  const keys = Array.from({ length: 2_500 }, (_, at) => `many/${String((at * 7_919) % 2_500).padStart(4, '0')}.csv`);
  await store.put(Object.fromEntries(keys.map((key) => [key, 'a'])));
  expect(await keysOf('many/*.csv')).toEqual([...keys].sort());
  expect(new Set(lists()).size).toBe(3);
  expect(lists()).toHaveLength(3);
}, 180_000);

test('a list that fails in between goes on where it was', async () => {
  let asked = 0;
  proxy.faultOf = ({ path }) => (path.includes('continuation-token') && (asked += 1) % 2 === 1 ? { answer: { status: 503, body: '<Error><Code>SlowDown</Code></Error>' } } : undefined);
  expect(await keysOf('many/*.csv')).toHaveLength(2_500);
  // The first page, and each of the other two twice.
  expect(lists()).toHaveLength(5);
});

test('more objects than a run reads are an error, told when there are too many and not at the end of the list', async () => {
  const contents = Array.from({ length: 1_000 }, () => `<Contents><Key>k.csv</Key><Size>1</Size></Contents>`).join('');
  proxy.faultOf = () => ({ answer: { status: 200, body: `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>${proxy.requests.length}</NextContinuationToken>${contents}</ListBucketResult>` } });
  await expect(keysOf('*.csv')).rejects.toMatchObject({ code: 'INVALID_VALUE', message: `${store.name}/*.csv names 21000 objects or more, and a run reads at most 20000.` });
  expect(lists()).toHaveLength(21);
});
