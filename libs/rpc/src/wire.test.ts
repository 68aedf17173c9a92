import { credentials, makeGenericClientConstructor, Metadata, status } from '@grpc/grpc-js';
import { ERRORS, WeirError, type ErrorCode } from '@weir/core';
import { loadFileDescriptorSetFromObject } from '@grpc/proto-loader';
import { service as healthService } from 'grpc-health-check';
import { connect, type Clients } from './clients';
import descriptor from './gen/descriptor.json';
import { DefinitionServiceService } from './gen/weir/metadata/v1/definition';
import { TransformServiceService, type TransformRequest, type TransformResponse } from './gen/weir/transform/v1/transform';
import { stream, unary } from './handler';
import { serve, type RpcServer } from './server';
import { fromStatus, toStatus } from './status';

type Handler = (signal: AbortSignal, send: (response: TransformResponse) => Promise<void>) => Promise<void>;

let server: RpcServer;
let clients: Clients;
let transformHandler: Handler;
let applyHandler: () => Promise<never>;

const request: TransformRequest = { context: undefined, scope: 'SCOPE_INTERVAL', bronze: undefined, snapshot: 0, upstream: [] };

beforeAll(async () => {
  const definitions = {
    apply: unary(() => applyHandler()),
    getDefinition: unary(async () => ({ pipeline: 'p', version: 2 ** 40, definitionJson: 'x'.repeat(5 * 1024 * 1024) })),
    listPipelines: unary(async () => ({ pipelines: [] })),
  };
  const transforms = { transform: stream<TransformRequest, TransformResponse>((_request, call, send) => transformHandler(call.signal, send)) };
  server = await serve({ host: '127.0.0.1', port: 0, reflection: true, services: [[DefinitionServiceService, definitions], [TransformServiceService, transforms]] });
  server.setReady(true);
  const address = `127.0.0.1:${server.port}`;
  clients = connect({ metadata: address, transform: address });
});

afterAll(async () => {
  clients.close();
  await server.drain(1_000);
});

const progress = (done: number): TransformResponse => ({ event: { $case: 'progress', value: { step: 's', done, total: 0 } } });

test('every code of the error table survives the wire with its fields', async () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const fields = { code, message: `what: ${code} "q" ü`, place: 'a.yaml:1:2', fix: 'do this', samples: ['r1', 'r2'], stage: 'load' };
    applyHandler = () => Promise.reject(new WeirError(fields));
    const error = await clients.definitions.apply({ files: [], root: '', dryRun: false }).catch((e: unknown) => e);
    expect(error).toMatchObject(fields);
  }
});

test('a cause never crosses the wire', async () => {
  applyHandler = () => Promise.reject(new WeirError({ code: 'INTERNAL', message: 'shown' }, { cause: new Error('canary-secret') }));
  const error = await clients.definitions.apply({ files: [], root: '', dryRun: false }).catch((e: unknown) => e);
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('canary-secret');
});

test('a stream gives its messages and then the error', async () => {
  transformHandler = async (_signal, send) => {
    for (let n = 1; n <= 3; n++) await send(progress(n));
    throw new WeirError({ code: 'CHECK_FAILED', message: 'no', samples: ['a:1'] });
  };
  const seen: number[] = [];
  const read = async () => {
    for await (const message of clients.transform.transform(request)) seen.push(message.event?.$case === 'progress' ? message.event.value.done : -1);
  };
  await expect(read()).rejects.toMatchObject({ code: 'CHECK_FAILED', samples: ['a:1'] });
  expect(seen).toEqual([1, 2, 3]);
});

test('cancelling a stream aborts the work behind it', async () => {
  const aborted = new Promise<void>((resolve) => {
    transformHandler = async (signal, send) => {
      await send(progress(1));
      await new Promise<void>((stop) => signal.addEventListener('abort', () => stop()));
      resolve();
    };
  });
  const controller = new AbortController();
  const read = async () => {
    for await (const _ of clients.transform.transform(request, { signal: controller.signal })) controller.abort();
  };
  await expect(read()).rejects.toMatchObject({ code: 'CANCELLED' });
  await aborted;
});

test('leaving the loop early aborts the work behind it', async () => {
  const aborted = new Promise<void>((resolve) => {
    transformHandler = async (signal, send) => {
      await send(progress(1));
      signal.addEventListener('abort', () => resolve());
      await new Promise<void>((stop) => signal.addEventListener('abort', () => stop()));
    };
  });
  for await (const _ of clients.transform.transform(request)) break;
  await expect(aborted).resolves.toBeUndefined();
});

test('a deadline ends the call and the work', async () => {
  const aborted = new Promise<void>((resolve) => {
    transformHandler = (signal) => new Promise<void>((stop) => signal.addEventListener('abort', () => { resolve(); stop(); }));
  });
  const read = async () => {
    for await (const _ of clients.transform.transform(request, { timeoutMs: 200 })) throw new Error('nothing is sent');
  };
  await expect(read()).rejects.toMatchObject({ code: 'DEADLINE', retry: 'counted' });
  await aborted;
});

test('a message above the limit is refused and the server lives on', async () => {
  await expect(clients.definitions.getDefinition({ pipeline: 'p', version: 0 })).rejects.toMatchObject({ code: 'BUSY' });
  await expect(clients.definitions.apply({ files: [{ path: 'x', text: 'y'.repeat(5 * 1024 * 1024) }], root: '', dryRun: true })).rejects.toMatchObject({ code: 'BUSY' });
  await expect(clients.definitions.listPipelines({})).resolves.toEqual({ pipelines: [] });
});

test('a service that is down or has no address is UNAVAILABLE and transient', async () => {
  await expect(clients.runs.listRuns({ pipeline: '', limit: 0, status: 'RUN_STATUS_UNSPECIFIED', backfill: '' })).rejects.toMatchObject({ code: 'INTERNAL' });
  await expect(clients.quarantine.listRows({ pipeline: '', runId: '', limit: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE', retry: 'transient' });
});

test('a taken port is named', async () => {
  await expect(serve({ host: '127.0.0.1', port: server.port, reflection: false, services: [] })).rejects.toMatchObject({ code: 'PORT_TAKEN' });
});

test('health answers for the server and each service, and turns with readiness', async () => {
  const Health = makeGenericClientConstructor(healthService, 'health');
  const health = new Health(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const check = (name: string) =>
    new Promise<string>((resolve, reject) => {
      (health as unknown as { check: (r: object, cb: (e: Error | null, r: { status: string }) => void) => void }).check({ service: name }, (e, r) => (e ? reject(e) : resolve(r.status)));
    });
  expect(await Promise.all(['', 'weir.metadata.v1.DefinitionService', 'weir.transform.v1.TransformService'].map(check))).toEqual(['SERVING', 'SERVING', 'SERVING']);
  server.setReady(false);
  expect(await check('')).toBe('NOT_SERVING');
  server.setReady(true);
  health.close();
});

test('the descriptor that reflection serves names every service', () => {
  const names = Object.keys(loadFileDescriptorSetFromObject(descriptor)).filter((name) => name.endsWith('Service'));
  expect(names.sort()).toEqual([
    'weir.ingest.v1.IngestService',
    'weir.load.v1.LoadService',
    'weir.metadata.v1.BackfillService',
    'weir.metadata.v1.CatalogService',
    'weir.metadata.v1.DefinitionService',
    'weir.metadata.v1.RunService',
    'weir.quality.v1.QualityService',
    'weir.quality.v1.QuarantineService',
    'weir.transform.v1.TransformService',
  ]);
});

test('long texts are cut so that the status fits into metadata', () => {
  const wire = toStatus(new WeirError({ code: 'INVALID_SQL', message: 'm'.repeat(50_000), samples: Array.from({ length: 9 }, () => 's'.repeat(5_000)) }));
  const details = wire.metadata.get('grpc-status-details-bin')[0] as Buffer;
  expect(details.length).toBeLessThan(6_000);
  const back = fromStatus(Object.assign(new Error('x'), { code: status.INVALID_ARGUMENT, details: wire.details, metadata: wire.metadata }), 't');
  expect(back).toMatchObject({ code: 'INVALID_SQL' });
  expect(back.samples).toHaveLength(5);
});

test('a foreign status without details maps to the transport codes', () => {
  const foreign = (code: number) => fromStatus(Object.assign(new Error('x'), { code, details: 'd', metadata: new Metadata() }), 'load').code;
  expect([status.UNAVAILABLE, status.CANCELLED, status.DEADLINE_EXCEEDED, status.RESOURCE_EXHAUSTED, status.UNKNOWN].map(foreign)).toEqual(['UNAVAILABLE', 'CANCELLED', 'DEADLINE', 'BUSY', 'INTERNAL']);
});
