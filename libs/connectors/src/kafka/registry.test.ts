import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isWeirError, type WeirError } from '@weir/core';
import { SchemaRegistry } from './registry';

const SECRET = 'pass:word-é';
const LOGIN = `weir:${SECRET}`;

/** A stand-in for registries that fail, which the real one does not do on demand. */
interface StandIn {
  readonly url: string;
  readonly requests: IncomingMessage[];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  stop(): void;
}

const running: Server[] = [];

async function standIn(answer: StandIn['answer']): Promise<StandIn> {
  const state: StandIn = { url: '', requests: [], answer, stop: () => undefined };
  const server = createServer((request, response) => {
    state.requests.push(request);
    state.answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  running.push(server);
  await once(server, 'listening');
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop });
}

afterEach(() => {
  jest.restoreAllMocks();
  for (const server of running.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

function json(status: number, body: unknown): StandIn['answer'] {
  return (_, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const NOT_FOUND = json(404, { error_code: 40403, message: 'Schema not found' });

async function failure(work: Promise<unknown>): Promise<WeirError> {
  const error: unknown = await work.then(() => undefined, (reason: unknown) => reason);
  if (!isWeirError(error)) throw new Error(`Expected a WeirError, not ${String(error)}.`);
  return error;
}

describe('with a real registry', () => {
  const registry = (): SchemaRegistry => new SchemaRegistry({ url: process.env['WEIR_TEST_REGISTRY'] ?? '' });
  const schema = (...fields: readonly object[]): string => JSON.stringify({ type: 'record', name: 'Order', fields: [{ name: 'id', type: 'long' }, ...fields] });

  it('gives back what was registered, by id and by subject', async () => {
    const subject = `orders-${randomUUID()}`;
    const id = await registry().register(subject, 'AVRO', schema());
    expect(await registry().schema(id)).toMatchObject({ id, type: 'AVRO', hasReferences: false });
    expect(JSON.parse((await registry().latest(subject))?.text ?? '')).toEqual(JSON.parse(schema()));
    expect((await registry().latest(subject))?.id).toBe(id);
    expect(await registry().register(subject, 'AVRO', schema())).toBe(id);
  });

  it('knows the type of a schema', async () => {
    const id = await registry().register(`json-${randomUUID()}`, 'JSON', JSON.stringify({ type: 'object', properties: { [randomUUID()]: { type: 'string' } } }));
    expect(await registry().schema(id)).toMatchObject({ type: 'JSON' });
  });

  it('knows neither ids nor subjects that are not there', async () => {
    expect(await registry().schema(2_000_000_000)).toBeUndefined();
    expect(await registry().latest(randomUUID())).toBeUndefined();
  });

  it('refuses a schema that is none, and one that readers of the last cannot read', async () => {
    const subject = `orders-${randomUUID()}`;
    expect(await failure(registry().register(subject, 'AVRO', '{"type":"record"}'))).toMatchObject({ code: 'INVALID_VALUE' });
    await registry().register(subject, 'AVRO', schema());
    expect(await failure(registry().register(subject, 'AVRO', schema({ name: 'more', type: 'string' })))).toMatchObject({ code: 'INVALID_VALUE' });
  });
});

describe('an id', () => {
  it('is asked for once, however many want it at a time', async () => {
    const server = await standIn(json(200, { schema: '"int"' }));
    const registry = new SchemaRegistry({ url: server.url });
    const found = await Promise.all([registry.schema(1), registry.schema(1), registry.schema(1)]);
    expect(found).toEqual([found[0], found[0], found[0]]);
    expect(await registry.schema(1)).toBe(found[0]);
    expect(server.requests.map(({ url }) => url)).toEqual(['/schemas/ids/1']);
  });

  it('that the registry does not know is asked for again after a minute', async () => {
    const server = await standIn(NOT_FOUND);
    const registry = new SchemaRegistry({ url: server.url });
    const clock = jest.spyOn(performance, 'now').mockReturnValue(1000);
    for (let times = 0; times < 3; times++) expect(await registry.schema(1)).toBeUndefined();
    expect(server.requests).toHaveLength(1);
    clock.mockReturnValue(61_001);
    server.answer = json(200, { schema: '"int"' });
    expect(await registry.schema(1)).toMatchObject({ text: '"int"' });
    expect(server.requests).toHaveLength(2);
  });

  it('that no registry can have is not asked for', async () => {
    const server = await standIn(json(404, { error_code: 404, message: 'HTTP 404 Not Found' }));
    expect(await new SchemaRegistry({ url: server.url }).schema(2 ** 31)).toBeUndefined();
    expect(server.requests).toHaveLength(0);
  });

  it('that has just been registered is known at once', async () => {
    const server = await standIn(NOT_FOUND);
    const registry = new SchemaRegistry({ url: server.url });
    await registry.schema(7);
    server.answer = (request, response) => json(200, request.method === 'POST' ? { id: 7 } : { schema: '"int"' })(request, response);
    await registry.register('s', 'AVRO', '"int"');
    expect(await registry.schema(7)).toMatchObject({ text: '"int"' });
  });

  it('is forgotten after a thousand others', async () => {
    const server = await standIn(json(200, { schema: '"int"' }));
    const registry = new SchemaRegistry({ url: server.url });
    for (let id = 1; id <= 1000; id++) await registry.schema(id);
    await registry.schema(1);
    await registry.schema(1001);
    expect(server.requests).toHaveLength(1001);
    await registry.schema(1);
    expect(server.requests).toHaveLength(1001);
    await registry.schema(2);
    expect(server.requests).toHaveLength(1002);
  });

  it('is not known from a registry that was away', async () => {
    const server = await standIn(json(503, {}));
    const registry = new SchemaRegistry({ url: server.url });
    expect(await failure(registry.schema(1))).toMatchObject({ code: 'UNAVAILABLE' });
    server.answer = json(200, { schema: '"int"' });
    expect(await registry.schema(1)).toMatchObject({ text: '"int"' });
  });
});

describe('a registry', () => {
  it('gets user and password, and no error shows them', async () => {
    const server = await standIn(json(200, { schema: '"int"' }));
    const registry = new SchemaRegistry({ url: `${server.url}/base/`, user: 'weir', password: { reveal: () => SECRET } });
    await registry.schema(1);
    expect(server.requests[0]?.url).toBe('/base/schemas/ids/1');
    expect(server.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from(LOGIN).toString('base64')}`);
    server.answer = json(401, {});
    const refused = await failure(registry.schema(2));
    expect(refused).toMatchObject({ code: 'INVALID_VALUE', retry: 'never' });
    server.stop();
    for (const error of [refused, await failure(registry.schema(3))]) expect(JSON.stringify([error, error.message, String(error.cause)])).not.toContain(SECRET);
  });

  test.each<[string, StandIn['answer'], string]>([
    ['fails', json(500, { error_code: 50001, message: 'Error in the backend' }), 'UNAVAILABLE'],
    ['has too much to do', json(429, {}), 'UNAVAILABLE'],
    ['closes the connection', (_, response) => response.destroy(), 'UNAVAILABLE'],
    ['redirects', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), 'UNAVAILABLE'],
    ['is a web server of another kind', (_, response) => response.writeHead(404).end('<html>Not found</html>'), 'INVALID_VALUE'],
    ['answers with something else', json(200, { hello: 'world' }), 'INVALID_VALUE'],
    ['answers with no JSON', (_, response) => response.writeHead(200).end('schema'), 'INVALID_VALUE'],
    ['answers with more than 1 MiB', json(200, { schema: 'x'.repeat(1024 * 1024) }), 'INVALID_VALUE'],
  ])('that %s is an error with its address', async (_, answer, code) => {
    const server = await standIn(answer);
    expect(await failure(new SchemaRegistry({ url: server.url }).schema(1))).toMatchObject({ code, place: expect.stringContaining(server.url) });
  });

  it('that is not there is UNAVAILABLE, and tried again', async () => {
    const server = await standIn(NOT_FOUND);
    server.stop();
    expect(await failure(new SchemaRegistry({ url: server.url }).schema(1))).toMatchObject({ code: 'UNAVAILABLE', retry: 'transient', message: expect.stringContaining('ECONNREFUSED') });
  });

  it('that does not end its answer is given up', async () => {
    const server = await standIn((_, response) => response.writeHead(200).write('{'));
    const { timeout } = AbortSignal;
    const limits = jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(50));
    expect(await failure(new SchemaRegistry({ url: server.url }).schema(1))).toMatchObject({ code: 'UNAVAILABLE' });
    expect(limits).toHaveBeenCalledWith(10_000);
  });

  it.each(['127.0.0.1:8081', 'file:///etc/passwd', `http://${LOGIN}@127.0.0.1`, 'http://127.0.0.1/?a=b', ''])('at the address "%s" is refused without showing it', (url) => {
    try {
      new SchemaRegistry({ url });
      throw new Error('It was taken.');
    } catch (error) {
      expect(error).toMatchObject({ code: 'INVALID_VALUE' });
      expect(String(error)).not.toContain(SECRET);
    }
  });
});
