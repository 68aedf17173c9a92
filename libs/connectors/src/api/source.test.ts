import type { ApiPages } from '@weir/core';
import { apiServer, type ApiPaging, type ApiServer, type ApiServerOptions } from '@weir/testkit';
import { testApi } from './probe';
import { numbered, settings, taken, type Reading, type TakenPage } from './testing/reading';

const servers: ApiServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(count: number, pages: ApiPaging, more: Partial<ApiServerOptions> = {}): Promise<ApiServer> {
  const server = await apiServer({ records: numbered(count), pages, ...more });
  servers.push(server);
  return server;
}

/** The records of pages, as they were written. */
function recordsOf(pages: readonly TakenPage[], path = ''): string[] {
  return pages.flatMap(({ text }) => {
    const list = path === '' ? text : text.slice(text.indexOf('['), text.lastIndexOf(']') + 1);
    return list === '[]' ? [] : list.slice(1, -1).split(/(?<=\}),/);
  });
}

/** Where clouds tell machines their secrets. */
const METADATA = '169.254.169.254';
const BY_PAGE: ApiPages = { by: 'page', parameter: 'page', first: 1 };
const BY_OFFSET: ApiPages = { by: 'offset', parameter: 'offset', first: 0 };
const BY_CURSOR: ApiPages = { by: 'cursor', parameter: 'cursor', next: 'next' };
const BY_LINK: ApiPages = { by: 'link' };
/** As Django's REST framework gives pages. */
const BY_FIELD: ApiPages = { by: 'link', next: 'next' };

describe('pages of an API', () => {
  test.each<[string, ApiPaging, Reading, string[]]>([
    ['by number', { by: 'page', size: 4 }, { pages: BY_PAGE }, ['records?page=1', 'records?page=2', 'records?page=3', 'records?page=4']],
    ['by number from 0', { by: 'page', size: 4, first: 0 }, { pages: { ...BY_PAGE, first: 0 } }, ['records?page=0', 'records?page=1', 'records?page=2', 'records?page=3']],
    ['by offset', { by: 'offset', size: 4 }, { pages: BY_OFFSET }, ['records?offset=0', 'records?offset=4', 'records?offset=8', 'records?offset=10']],
    ['by cursor', { by: 'cursor', size: 4, records: 'data.items', next: 'data.meta.next' }, { pages: { ...BY_CURSOR, next: 'data.meta.next' }, records: 'data.items' }, ['records#1', 'records#2', 'records#3']],
    ['by link', { by: 'link', size: 4 }, { pages: BY_LINK }, ['records#1', 'records#2', 'records#3']],
    ['by a link inside', { by: 'link', size: 4, records: 'results', next: 'next' }, { pages: BY_FIELD, records: 'results' }, ['records#1', 'records#2', 'records#3']],
    ['in one', { by: 'none', size: 0 }, {}, ['records']],
  ])('come %s, each as it was sent', async (_what, paging, reading, names) => {
    const server = await serve(10, paging);
    const pages = await taken(server, reading);
    expect(recordsOf(pages, reading.records)).toEqual(numbered(10));
    expect(pages.map(({ name }) => name)).toEqual(names);
    expect(pages.map(({ records }) => records).reduce((sum, records) => sum + records)).toBe(10);
    expect(pages.at(-1)?.next).toBeUndefined();
    expect(server.requests).toHaveLength(names.length);
  });

  test.each<[string, ApiPaging, ApiPages]>([
    ['number', { by: 'page', size: 4 }, BY_PAGE],
    ['offset', { by: 'offset', size: 4 }, BY_OFFSET],
    ['cursor', { by: 'cursor', size: 4, records: 'items' }, BY_CURSOR],
    ['link', { by: 'link', size: 4 }, BY_LINK],
    ['link inside', { by: 'link', size: 4, records: 'results', next: 'next' }, BY_FIELD],
  ])('by %s are none but an empty one where there is nothing', async (_what, paging, pages) => {
    const server = await serve(0, paging);
    expect((await taken(server, { pages, records: paging.records ?? '' })).map(({ records }) => records)).toEqual([0]);
    expect(server.requests).toHaveLength(1);
  });

  test('may be asked for from where an earlier reading came to', async () => {
    const server = await serve(10, { by: 'cursor', size: 3, records: 'items' });
    const reading: Reading = { pages: BY_CURSOR, records: 'items' };
    const [, second] = await taken(server, reading);
    const from = second?.next;
    expect(from).toMatchObject({ number: 3, offset: 6 });
    const rest = await taken(server, { ...reading, ...(from && { from }) });
    expect(rest.map(({ name }) => name)).toEqual(['records#3', 'records#4']);
    expect(recordsOf(rest, 'items')).toEqual(numbered(10).slice(6));
  });

  test('with a null in place of an empty list, and an answer without content, are no page', async () => {
    const server = await serve(0, { by: 'none', size: 1 }, { fault: () => ({ type: 'status', status: 200, body: '{"items":null}' }) });
    expect(await taken(server, { records: 'items' })).toEqual([]);
    server.fault = () => ({ type: 'status', status: 204 });
    expect(await taken(server, { records: 'items' })).toEqual([]);
  });
});

describe('the end of pages with a size', () => {
  const sized = (size: number): ApiPages => ({ ...BY_PAGE, size, sizeParameter: 'limit' });

  test('is a short page; the first one of a run is verified, with one request', async () => {
    const server = await serve(10, { by: 'page', size: 4, sizeParameter: 'limit' });
    expect(recordsOf(await taken(server, { pages: sized(4) }))).toEqual(numbered(10));
    expect(server.asked('page')).toEqual(['1', '2', '3', '4']);
    expect(new Set(server.asked('limit'))).toEqual(new Set(['4']));
  });

  test('is not the first page of an API that gives fewer than it is asked for', async () => {
    const [paged, offset] = [await serve(10, { by: 'page', size: 4, sizeParameter: 'limit', mostRecords: 3 }), await serve(10, { by: 'offset', size: 4, sizeParameter: 'limit', mostRecords: 3 })];
    expect(recordsOf(await taken(paged, { pages: sized(1_000) }))).toEqual(numbered(10));
    expect(recordsOf(await taken(offset, { pages: { ...BY_OFFSET, size: 1_000, sizeParameter: 'limit' } }))).toEqual(numbered(10));
  });

  test.each([404, 400])('is where the page behind it is answered with %i', async (status) => {
    const server = await serve(10, { by: 'page', size: 4, sizeParameter: 'limit' }, { fault: ({ query }) => (Number(query.get('page')) > 3 ? { type: 'status', status } : undefined) });
    expect(recordsOf(await taken(server, { pages: sized(4) }))).toEqual(numbered(10));
  });

  test('is where the page behind it is the same once more', async () => {
    const last = `[${numbered(10).slice(8).join(',')}]`;
    const server = await serve(10, { by: 'page', size: 4, sizeParameter: 'limit' }, { fault: ({ query }) => (Number(query.get('page')) > 3 ? { type: 'status', status: 200, body: last } : undefined) });
    expect(recordsOf(await taken(server, { pages: sized(4) }))).toEqual(numbered(10));
  });
});

describe('where pages lead by cursor or link', () => {
  test.each([
    ['a cursor that the page before was asked by', '"a"', 2],
    ['a cursor of an earlier page', 'in a circle', 4],
  ])('%s is no way on', async (_what, kind, requests) => {
    const circle = ['a', 'b', 'c', 'b'];
    const server = await serve(0, { by: 'none', size: 1 }, { fault: ({ number }) => ({ type: 'status', status: 200, body: `{"items":[1],"next":${kind === '"a"' ? kind : JSON.stringify(circle[number - 1])}}` }) });
    await expect(taken(server, { pages: BY_CURSOR, records: 'items' })).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('read before') });
    expect(server.requests).toHaveLength(requests);
  });

  test('an empty page leads on while its cursor is new, and ends where it is the one that was asked by', async () => {
    const bodies = ['{"items":[1],"next":"a"}', '{"items":[],"next":"b"}', '{"items":[2],"next":"c"}', '{"items":[],"next":"c"}'];
    const server = await serve(0, { by: 'none', size: 1 }, { fault: ({ number }) => ({ type: 'status', status: 200, body: bodies[number - 1] ?? '' }) });
    const pages = await taken(server, { pages: { ...BY_CURSOR, size: 5 }, records: 'items' });
    expect(pages.map(({ text }) => text)).toEqual(bodies);
    expect(server.asked('cursor')).toEqual([null, 'a', 'b', 'c']);
  });

  test.each([
    ['a number that no number of JavaScript holds', '12345678901234567890', '12345678901234567890'],
    ['text with characters of its own', String.raw`"a b+&=é\u0022"`, 'a b+&=é"'],
  ])('%s is sent as it is', async (_what, written, asked) => {
    const server = await serve(0, { by: 'none', size: 1 }, { fault: ({ number }) => ({ type: 'status', status: 200, body: `{"items":[1]${number === 1 ? `,"next":${written}` : ''}}` }) });
    await taken(server, { pages: BY_CURSOR, records: 'items' });
    expect(server.asked('cursor')).toEqual([null, asked]);
  });

  test.each(['null', '""', 'false'])('%s is the last page', async (written) => {
    const server = await serve(0, { by: 'none', size: 1 }, { fault: () => ({ type: 'status', status: 200, body: `{"items":[1],"next":${written}}` }) });
    expect(await taken(server, { pages: BY_CURSOR, records: 'items' })).toHaveLength(1);
  });

  test.each(['{"a":1}', '[1]', 'true', JSON.stringify('x'.repeat(5_000)), '"\\ud800"', '"a\nb"'])('%.20j is no cursor', async (written) => {
    const server = await serve(0, { by: 'none', size: 1 }, { fault: () => ({ type: 'status', status: 200, body: `{"items":[1],"next":${written}}` }) });
    await expect(taken(server, { pages: BY_CURSOR, records: 'items' })).rejects.toMatchObject({ code: 'SOURCE_REFUSED', fix: expect.stringContaining('source.pages.next') });
    await expect(taken(server, { pages: BY_FIELD, records: 'items' })).rejects.toMatchObject({ code: 'SOURCE_REFUSED', fix: expect.stringContaining('source.pages.next') });
  });

  test('a number is no link', async () => {
    const server = await serve(0, { by: 'none', size: 1 }, { fault: () => ({ type: 'status', status: 200, body: '{"items":[1],"next":2}' }) });
    await expect(taken(server, { pages: BY_FIELD, records: 'items' })).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('no text as its link') });
  });

  test.each([`http://${METADATA}/latest/meta-data`, 'https://127.0.0.1:PORT/records?page=2', 'http://127.0.0.1:1/records?page=2', '//elsewhere.example/records', `http://${METADATA}@127.0.0.1:PORT/records`, 'file:///etc/passwd', 'http://[', 'javascript:alert(1)'])('a link to %s is not followed', async (link) => {
    const server = await serve(4, { by: 'none', size: 1 });
    const target = link.replace('PORT', String(server.port));
    server.fault = () => ({ type: 'status', status: 200, headers: { link: `<${target}>; rel="next"` }, body: '[1]' });
    await expect(taken(server, { pages: BY_LINK })).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('away from') });
    expect(server.requests).toHaveLength(1);
    server.fault = () => ({ type: 'status', status: 200, body: JSON.stringify({ items: [1], next: target }) });
    await expect(taken(server, { pages: BY_FIELD, records: 'items' })).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('away from') });
    expect(server.requests).toHaveLength(2);
  });

  test('a link that is relative is one of the same API', async () => {
    const server = await serve(0, { by: 'none', size: 1 }, { fault: ({ number }) => ({ type: 'status', status: 200, ...(number === 1 && { headers: { link: '<?after=a%20b>; rel=next' } }), body: '[1]' }) });
    expect(await taken(server, { pages: BY_LINK })).toHaveLength(2);
    expect(server.requests.map(({ path, query }) => [path, query.get('after')])).toEqual([['/records', null], ['/records', 'a b']]);
  });

  test('an API that always has another page ends at the bound', async () => {
    const server = await serve(0, { by: 'none', size: 1 }, { fault: ({ number }) => ({ type: 'status', status: 200, body: `{"items":[1],"next":${number}}` }) });
    await expect(taken(server, { pages: BY_CURSOR, records: 'items', options: { limits: { pages: 25 } } })).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('more than 25 pages') });
    expect(server.requests).toHaveLength(25);
  });
});

describe('what is asked', () => {
  test.each([
    ['iso', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
    ['epoch_s', '1767225600', '1767312000'],
    ['epoch_ms', '1767225600000', '1767312000000'],
  ] as const)('names its interval as %s, beside the query of the source', async (format, from, to) => {
    const server = await serve(3, { by: 'page', size: 5 }, { path: '/v2/shops/a%20b/orders' });
    const reading: Reading = {
      pages: BY_PAGE,
      source: { path: '/shops/a b/orders', query: { status: 'paid & sent', since: 'never' }, interval: { from: 'since', to: 'until', format } },
      connection: { basePath: '/v2', headers: { 'X-Shop': 'seven', Accept: 'application/vnd.shop+json' } },
      slice: { partition: '2026-01-01T00:00:00Z', interval: { start: '2026-01-01T00:00:00Z', end: '2026-01-02T00:00:00Z' } },
    };
    const [page] = await taken(server, reading);
    const [request] = server.requests;
    expect(Object.fromEntries(request?.query ?? [])).toEqual({ status: 'paid & sent', since: from, until: to, page: '1' });
    expect(request?.headers).toMatchObject({ 'x-shop': 'seven', accept: 'application/vnd.shop+json', host: `127.0.0.1:${server.port}` });
    expect(page).toMatchObject({ name: `shops/a b/orders?since=${from}&until=${to}&page=1`, partition: '2026-01-01T00:00:00Z' });
  });

  test('is no path with a query in it, and no header that frames a request', async () => {
    const server = await serve(3, { by: 'none', size: 5 });
    await expect(taken(server, { source: { path: '/records?status=paid' } })).rejects.toMatchObject({ code: 'INVALID_VALUE', fix: expect.stringContaining('source.query') });
    await expect(taken(server, { connection: { login: { type: 'apiKey', in: 'header', name: 'HOST', key: { secret: 'KEY' } } } })).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('HOST') });
    for (const name of ['Host', 'content-length', 'Transfer-Encoding']) await expect(taken(server, { connection: { headers: { [name]: 'x' } } })).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining(name) });
    expect(server.requests).toHaveLength(0);
  });
});

describe('one request to try an API', () => {
  test('says what the first page has', async () => {
    const server = await serve(10, { by: 'cursor', size: 4, records: 'items' });
    const { source, connection, options } = settings(server, { pages: BY_CURSOR, records: 'items' });
    expect(await testApi(source, connection, options)).toMatchObject({ name: 'records#1', records: 4, more: true });
    expect(await testApi({ ...source, pages: BY_PAGE }, connection, options)).toMatchObject({ name: 'records?page=1', records: 4, more: undefined });
    expect(server.requests).toHaveLength(2);
  });

  test('names the fields of a page that has no records where they are to be, and does not wait for what passes', async () => {
    const server = await serve(10, { by: 'cursor', size: 4, records: 'items' });
    const { source, connection, options } = settings(server, { pages: BY_CURSOR, records: 'data' });
    await expect(testApi(source, connection, options)).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('no `data`'), fix: expect.stringContaining('`items`, `next`') });
    server.fault = () => ({ type: 'status', status: 500, headers: { 'retry-after': '60' } });
    await expect(testApi(source, connection, options)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(server.requests).toHaveLength(2);
  });
});
