import { apiServer, FaultProxy, until, type ApiFault, type ApiRequest, type ApiServer, type ApiServerOptions } from '@weir/testkit';
import { WeirError, type ApiPages } from '@weir/core';
import { numbered, QUICK, taken, type Reading } from './testing/reading';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function serve(fault?: ApiServerOptions['fault'], more: Partial<ApiServerOptions> = {}): Promise<ApiServer> {
  const server = await apiServer({ records: numbered(10), pages: { by: 'page', size: 4 }, ...(fault && { fault }), ...more });
  open.push(server);
  return server;
}

/** Where clouds tell machines their secrets. */
const METADATA = '169.254.169.254';
const BY_PAGE: ApiPages = { by: 'page', parameter: 'page', first: 1 };
const WHOLE = [4, 4, 2, 0];

/** How many records each page has. */
async function counts(server: Pick<ApiServer, 'host' | 'port'>, reading: Reading = {}): Promise<number[]> {
  return (await taken(server, { pages: BY_PAGE, ...reading })).map(({ records }) => records);
}

/** A fault of the first tries for page 2. */
function ofPageTwo(fault: ApiFault, times: number): ApiServerOptions['fault'] {
  let left = times;
  return ({ query }) => (query.get('page') === '2' && left-- > 0 ? fault : undefined);
}

describe('what passes by itself is asked for again', () => {
  test.each<[string, ApiFault]>([
    ['a status of 500', { type: 'status', status: 500 }],
    ['a status of 502 with a page of HTML', { type: 'status', status: 502, body: '<html>' }],
    ['a status of 503', { type: 'status', status: 503 }],
    ['a status of 408', { type: 'status', status: 408 }],
    ['a status of 429', { type: 'status', status: 429 }],
    ['a connection that is cut before the answer', { type: 'reset' }],
    ['a connection that is cut in the middle of the body', { type: 'reset_inside' }],
    ['a body that stops as if that were its end', { type: 'cut' }],
    ['a body that is no gzip though it says so', { type: 'status', status: 200, headers: { 'content-encoding': 'gzip' }, body: '[1,2,3,4]' }],
    ['no answer at all', { type: 'silent' }],
    ['a body that does not go on', { type: 'stall' }],
  ])('%s', async (_what, fault) => {
    const server = await serve(ofPageTwo(fault, 2));
    expect(await counts(server, { options: { limits: { ...QUICK, headersMs: 150, bodyMs: 150 } } })).toEqual(WHOLE);
    expect(server.asked('page')).toEqual(['1', '2', '2', '2', '3', '4']);
  });

  test('a status that stays is UNAVAILABLE after the last retry, with what the API says and how often it was asked', async () => {
    const server = await serve(() => ({ type: 'status', status: 503, body: '{"error":"down for\n maintenance"}' }));
    await expect(counts(server)).rejects.toMatchObject({ code: 'UNAVAILABLE', place: `127.0.0.1:${server.port}`, message: 'GET records?page=1 is answered with status 503: {"error":"down for maintenance"} It was tried 9 times.' });
    expect(server.requests).toHaveLength(9);
  });

  test('nobody who listens is UNAVAILABLE after the last retry', async () => {
    const server = await serve();
    const { port } = server;
    await open.pop()?.close();
    await expect(counts({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringMatching(/does not answer: connect ECONNREFUSED.*It was tried 9 times/) });
  });

  test('a connection that does not come about is given up in its time', async () => {
    const server = await serve();
    const proxy = await FaultProxy.start({ host: server.host, port: server.port });
    open.push(proxy);
    proxy.blackhole();
    const started = performance.now();
    await expect(counts(proxy, { options: { limits: { ...QUICK, headersMs: 100, retries: 1 } } })).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('has not answered within 0.1 s') });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test('an answer that trickles is given up in its time', async () => {
    const server = await serve(() => ({ type: 'endless' }));
    await expect(counts(server, { options: { limits: { ...QUICK, bodyMs: 50, retries: 0, pageBytes: Number.MAX_SAFE_INTEGER } } })).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('its whole answer within 0.05 s') });
  });
});

describe('what does not pass is refused at once', () => {
  test.each<[string, ApiFault, string]>([
    ['400', { type: 'status', status: 400, body: '{"error":"no such filter"}' }, 'status 400: {"error":"no such filter"}'],
    ['401', { type: 'status', status: 401 }, 'status 401.'],
    ['403', { type: 'status', status: 403 }, 'status 403.'],
    ['404', { type: 'status', status: 404 }, 'status 404.'],
    ['202, which is no page yet', { type: 'status', status: 202 }, 'status 202.'],
    ['206, which is a part of one', { type: 'status', status: 206, body: '[1]' }, 'status 206: [1]'],
    ['a redirect', { type: 'status', status: 302, headers: { location: `http://${METADATA}/latest/meta-data` } }, 'status 302.'],
    ['a permanent redirect', { type: 'status', status: 308, headers: { location: '/records?page=9' } }, 'status 308.'],
    ['304', { type: 'status', status: 304 }, 'status 304.'],
    ['a page of HTML', { type: 'status', status: 200, body: '<html>Please log in</html>' }, 'no page: The document does not begin with { or [, at byte 0: <html>Please log in</html>'],
    ['wrong JSON', { type: 'status', status: 200, body: "[{'a':1}]" }, 'is no JSON, at byte 2'],
    ['nothing', { type: 'status', status: 200, body: '' }, 'has nothing in it'],
    ['an object in place of a list', { type: 'status', status: 200, body: '{"items":[]}' }, 'is an object, not a list'],
    ['headers without an end', { type: 'status', status: 200, headers: { 'x-long': 'x'.repeat(20_000) }, body: '[]' }, 'more than 16 KiB of headers'],
    ['an encoding that nobody asked for', { type: 'status', status: 200, headers: { 'content-encoding': 'zstd' }, body: '[]' }, 'encoded as "zstd"'],
  ])('%s', async (_what, fault, message) => {
    const server = await serve(() => fault);
    await expect(counts(server)).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining(message) });
    expect(server.requests).toHaveLength(1);
  });

  test('with the first 200 characters of what the API says, on one line', async () => {
    const server = await serve(() => ({ type: 'status', status: 400, body: `\0\n${'ab'.repeat(5_000_000)}` }));
    await expect(counts(server)).rejects.toMatchObject({ message: `GET records?page=1 is answered with status 400: ${'ab'.repeat(100)}…` });
  });

  test.each<[string, Partial<ApiServerOptions>, ApiFault | undefined]>([
    ['that says so', {}, { type: 'status', status: 200, body: Buffer.alloc(2 * 1024 * 1024, ' ') }],
    ['that does not end', {}, { type: 'endless' }],
    ['that is small until it is inflated', { records: [JSON.stringify('x'.repeat(50 * 1024 * 1024))], encoding: 'gzip' }, undefined],
    ['that is smaller still', { records: [JSON.stringify('x'.repeat(50 * 1024 * 1024))], encoding: 'br' }, undefined],
  ])('a page that is too large, one %s', async (_what, more, fault) => {
    const server = await serve(fault && (() => fault), more);
    const before = process.memoryUsage().rss;
    await expect(counts(server, { options: { limits: { ...QUICK, pageBytes: 1024 * 1024 } } })).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('more than 1048576 bytes'), fix: expect.stringContaining('source.pages') });
    // The server of the test makes the large body in this process, once.
    expect(process.memoryUsage().rss - before).toBeLessThan(250 * 1024 * 1024);
  });

  test('an address that connections may not reach', async () => {
    const server = await serve();
    const asked: [string, number][] = [];
    const address = async (host: string, port: number): Promise<string> => {
      asked.push([host, port]);
      throw new WeirError({ code: 'EGRESS_DENIED', message: 'Not there.' });
    };
    await expect(counts(server, { options: { address } })).rejects.toMatchObject({ code: 'EGRESS_DENIED' });
    expect(asked).toEqual([['127.0.0.1', server.port]]);
    expect(server.requests).toHaveLength(0);
  });
});

describe('inflated', () => {
  test.each(['gzip', 'br'] as const)('%s pages are what they were', async (encoding) => {
    const server = await serve(undefined, { encoding });
    const pages = await taken(server, { pages: BY_PAGE });
    expect(pages[0]?.text).toBe(`[${numbered(4).join(',')}]`);
    expect(server.requests[0]?.headers['accept-encoding']).toBe('gzip, br');
  });
});

describe('how fast requests go', () => {
  function distances(requests: readonly ApiRequest[]): number[] {
    return requests.slice(1).map(({ atMs }, n) => atMs - (requests[n]?.atMs ?? 0));
  }

  test('no more than so many a second, retries included', async () => {
    const server = await serve(ofPageTwo({ type: 'status', status: 500 }, 2));
    const started = performance.now();
    await counts(server, { connection: { requestsPerSecond: 20 } });
    expect(server.requests).toHaveLength(6);
    // Five distances of 50 ms; a request may be late by itself, and the next one is then nearer to it.
    expect((server.requests.at(-1)?.atMs ?? 0) - started).toBeGreaterThan(245);
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  test.each([429, 503])('a Retry-After of %i is waited for', async (status) => {
    const server = await serve(ofPageTwo({ type: 'status', status, headers: { 'retry-after': '1' } }, 1));
    expect(await counts(server)).toEqual(WHOLE);
    expect(Math.max(...distances(server.requests))).toBeGreaterThan(995);
  });

  test('a Retry-After of hours is waited for as long as is allowed', async () => {
    const server = await serve(ofPageTwo({ type: 'status', status: 429, headers: { 'retry-after': '86400' } }, 1));
    expect(await counts(server, { options: { limits: { ...QUICK, retryAfterMs: 300 } } })).toEqual(WHOLE);
    expect(Math.max(...distances(server.requests))).toBeGreaterThan(295);
  });

  test('waits before retries grow, up to a bound, and are random', async () => {
    const server = await serve(() => ({ type: 'status', status: 500 }));
    const random = jest.spyOn(Math, 'random').mockReturnValue(1);
    await expect(counts(server, { options: { limits: { backoffMs: 20, maxBackoffMs: 100, retries: 5 } } })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(random).toHaveBeenCalledTimes(5);
    random.mockRestore();
    const waited = distances(server.requests);
    for (const [n, least] of [20, 40, 80, 100, 100].entries()) expect(waited[n]).toBeGreaterThan(least - 2);
  });
});

describe('cancel', () => {
  test.each<[string, ApiFault | undefined, Partial<Reading>]>([
    ['before an answer', { type: 'silent' }, {}],
    ['inside an answer', { type: 'stall' }, {}],
    ['inside an answer without an end', { type: 'endless' }, { options: { limits: { pageBytes: Number.MAX_SAFE_INTEGER } } }],
    ['before a retry', { type: 'status', status: 503, headers: { 'retry-after': '200' } }, {}],
    ['before the next turn', undefined, { connection: { requestsPerSecond: 0.01 } }],
  ])('ends a reading %s within a second', async (_what, fault, reading) => {
    const stop = new AbortController();
    const server = await serve(fault && (() => fault));
    const running = counts(server, { ...reading, options: { ...reading.options, signal: stop.signal } });
    running.catch(() => undefined);
    await until(() => server.requests.length > 0, { timeoutMs: 5_000 });
    const started = performance.now();
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test('ends a reading while its host is looked up', async () => {
    const stop = new AbortController();
    const running = counts(await serve(), { options: { signal: stop.signal, address: () => new Promise(() => undefined) } });
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
