import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fetchTrace, parseTrace } from './jaeger';

const TRACE = 'b3ea9e9c4fab1cc41620fb7ce12eeb12';

function body(names: readonly string[]): object {
  const spans = names.map((name, at) => ({
    spanID: `s${at}`,
    operationName: name,
    references: at === 0 ? [] : [{ refType: 'CHILD_OF', spanID: 's0' }],
    startTime: 1_000_000 + at,
    duration: 2_500,
    tags: [],
    processID: 'p1',
  }));
  return { data: [{ traceID: TRACE, spans, processes: { p1: { serviceName: 'weir-ingest' } } }] };
}

describe('reading a trace from Jaeger', () => {
  it('gives milliseconds, parents and services', () => {
    expect(parseTrace(body(['root', 'child']))).toEqual([
      expect.objectContaining({ id: 's0', parent: undefined, service: 'weir-ingest', name: 'root', start: 1_000, duration: 2.5, error: undefined }),
      expect.objectContaining({ id: 's1', parent: 's0', name: 'child' }),
    ]);
  });

  it('reads code, reason and samples of a failed span', () => {
    const failed = { spanID: 'x', operationName: 'RunActivity:extract', references: [], startTime: 1, duration: 1, processID: 'p1' };
    const tags = [
      { key: 'error', value: true },
      { key: 'otel.status_description', value: 'FILE_TRUNCATED: a.csv ends early.' },
      { key: 'weir.error.code', value: 'FILE_TRUNCATED' },
      { key: 'weir.error.samples', value: '["a.csv:17: 3 of 8 fields"]' },
    ];
    const [span] = parseTrace({ data: [{ spans: [{ ...failed, tags }], processes: {} }] });
    expect(span?.error).toEqual({ code: 'FILE_TRUNCATED', reason: 'a.csv ends early.', samples: ['a.csv:17: 3 of 8 fields'] });
  });

  it('counts a span that was sent twice once', () => {
    const once = body(['root']) as { data: { spans: unknown[] }[] };
    once.data[0]?.spans.push(...(once.data[0]?.spans ?? []));
    expect(parseTrace(once)).toHaveLength(1);
  });
});

describe('waiting for the spans of a trace', () => {
  let server: Server;
  let answers: (object | number)[];
  let asked: number;
  let base: string;
  beforeAll(async () => {
    server = createServer((_request, response) => {
      const answer = answers[Math.min(asked, answers.length - 1)] ?? 404;
      asked += 1;
      response.writeHead(typeof answer === 'number' ? answer : 200);
      response.end(typeof answer === 'number' ? '' : JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => (asked = 0));

  it('asks again until the trace is complete and no more comes in', async () => {
    answers = [404, body(['late']), body(['late', 'RunWorkflow:x']), body(['late', 'RunWorkflow:x'])];
    const spans = await fetchTrace(base, TRACE, (found) => found.some(({ name }) => name.startsWith('RunWorkflow:')));
    expect(spans.map(({ name }) => name)).toEqual(['late', 'RunWorkflow:x']);
    expect(asked).toBe(4);
  });

  it('gives what there is when its patience ends', async () => {
    answers = [body(['only'])];
    await expect(fetchTrace(base, TRACE, () => false, 0)).resolves.toHaveLength(1);
  });

  it('says so when Jaeger has no such trace', async () => {
    answers = [404];
    await expect(fetchTrace(base, TRACE, () => true, 0)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  it('says where Jaeger does not answer', async () => {
    await expect(fetchTrace('http://127.0.0.1:1', TRACE, () => true)).rejects.toMatchObject({ code: 'UNAVAILABLE', place: `http://127.0.0.1:1/api/traces/${TRACE}` });
  });
});
