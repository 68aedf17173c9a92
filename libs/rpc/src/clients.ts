import { Client, credentials, Metadata, type ClientWritableStream, type ServiceError } from '@grpc/grpc-js';
import { WeirError, toWeirError } from '@weir/core';
import { MAX_MESSAGE_BYTES } from './server';
import {
  BackfillServiceService,
  CatalogServiceService,
  DefinitionServiceService,
  IngestServiceService,
  LoadServiceService,
  QualityServiceService,
  QuarantineServiceService,
  RunServiceService,
  TransformServiceService,
} from './services';
import { fromStatus } from './status';

/** Every call has a deadline: 30 s unless the caller says otherwise. */
export const DEFAULT_TIMEOUT_MS = 30_000;

export interface CallOptions {
  /** Cancels the call, and with it the work on the other side. */
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

type Unary<Request, Response> = (request: Request, options?: CallOptions) => Promise<Response>;
type Streaming<Request, Response> = (request: Request, options?: CallOptions) => AsyncIterable<Response>;
type Collecting<Request, Response> = (requests: AsyncIterable<Request>, options?: CallOptions) => Promise<Response>;

/** What a call needs of a generated method. */
interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** host:port of each service; a call to one that was left out fails with UNAVAILABLE. */
export type Addresses = Partial<Record<'ingest' | 'quality' | 'transform' | 'load' | 'metadata', string>>;

/** The services by their rpcs. Errors arrive as WeirError. Close it to end its connections. */
export type Clients = ReturnType<typeof connect>;

/** Clients for the given services; connections are made at the first call and re-made by themselves. */
export function connect(addresses: Addresses) {
  const open: Client[] = [];
  const far = (service: keyof Addresses): Far => {
    // Port 1 answers nowhere: an address that is missing fails like a server that is down.
    const client = new Client(addresses[service] ?? '127.0.0.1:1', credentials.createInsecure(), CHANNEL_OPTIONS);
    open.push(client);
    return { service, client };
  };
  const quality = far('quality');
  return {
    ...stageClients(far('ingest'), quality, far('transform'), far('load')),
    ...metadataClients(far('metadata')),
    quarantine: {
      listRows: unary(quality, QuarantineServiceService.listRows),
      getRow: unary(quality, QuarantineServiceService.getRow),
      tryRows: unary(quality, QuarantineServiceService.tryRows),
      replayRows: unary(quality, QuarantineServiceService.replayRows),
      dropRows: unary(quality, QuarantineServiceService.dropRows),
      noteRefused: unary(quality, QuarantineServiceService.noteRefused),
      recordReplay: unary(quality, QuarantineServiceService.recordReplay),
    },
    close: () => open.forEach((client) => client.close()),
  };
}

/** What moves rows, in the order of their way. */
function stageClients(ingest: Far, quality: Far, transform: Far, load: Far) {
  return {
    ingest: {
      extract: streaming(ingest, IngestServiceService.extract),
      compareSource: streaming(ingest, IngestServiceService.compareSource),
      consume: streaming(ingest, IngestServiceService.consume),
      planArchive: unary(ingest, IngestServiceService.planArchive),
      push: collecting(ingest, IngestServiceService.push),
      testSource: unary(ingest, IngestServiceService.testSource),
      discoverSource: unary(ingest, IngestServiceService.discoverSource),
    },
    quality: {
      validate: streaming(quality, QualityServiceService.validate),
      audit: streaming(quality, QualityServiceService.audit),
      validateBatch: unary(quality, QualityServiceService.validateBatch),
      suggestChecks: unary(quality, QualityServiceService.suggestChecks),
      compact: streaming(quality, QualityServiceService.compact),
    },
    transform: {
      transform: streaming(transform, TransformServiceService.transform),
      transformBatch: unary(transform, TransformServiceService.transformBatch),
      previewModel: unary(transform, TransformServiceService.previewModel),
      compact: streaming(transform, TransformServiceService.compact),
    },
    load: {
      load: streaming(load, LoadServiceService.load),
      listHeads: unary(load, LoadServiceService.listHeads),
      loadBatch: unary(load, LoadServiceService.loadBatch),
      openPositions: unary(load, LoadServiceService.openPositions),
    },
  };
}

/** What metadata knows. */
function metadataClients(metadata: Far) {
  return {
    definitions: {
      apply: unary(metadata, DefinitionServiceService.apply),
      compareContract: unary(metadata, DefinitionServiceService.compareContract),
      getDefinition: unary(metadata, DefinitionServiceService.getDefinition),
      listPipelines: unary(metadata, DefinitionServiceService.listPipelines),
    },
    runs: {
      beginRun: unary(metadata, RunServiceService.beginRun),
      recordStage: unary(metadata, RunServiceService.recordStage),
      finishRun: unary(metadata, RunServiceService.finishRun),
      getRun: unary(metadata, RunServiceService.getRun),
      listRuns: unary(metadata, RunServiceService.listRuns),
    },
    catalog: {
      publish: unary(metadata, CatalogServiceService.publish),
      getSnapshot: streaming(metadata, CatalogServiceService.getSnapshot),
      getDifference: streaming(metadata, CatalogServiceService.getDifference),
      listDatasets: unary(metadata, CatalogServiceService.listDatasets),
      getLoadTarget: unary(metadata, CatalogServiceService.getLoadTarget),
      listSources: streaming(metadata, CatalogServiceService.listSources),
      listPartitionRows: unary(metadata, CatalogServiceService.listPartitionRows),
      listPositions: unary(metadata, CatalogServiceService.listPositions),
      listTakes: streaming(metadata, CatalogServiceService.listTakes),
      findTakenFiles: unary(metadata, CatalogServiceService.findTakenFiles),
      resetSource: unary(metadata, CatalogServiceService.resetSource),
      collectGarbage: streaming(metadata, CatalogServiceService.collectGarbage),
      planCompaction: unary(metadata, CatalogServiceService.planCompaction),
      replaceSegments: unary(metadata, CatalogServiceService.replaceSegments),
    },
    backfills: {
      planBackfill: unary(metadata, BackfillServiceService.planBackfill),
      recordBackfill: unary(metadata, BackfillServiceService.recordBackfill),
      getBackfill: unary(metadata, BackfillServiceService.getBackfill),
      listBackfills: unary(metadata, BackfillServiceService.listBackfills),
    },
  };
}

const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  // The default backs off to 2 min; a restarted service must be found again within seconds.
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.enable_retries': 0,
};

/** One service at the far side of the wire. */
interface Far {
  readonly service: string;
  readonly client: Client;
}

function unary<Request, Response>(far: Far, method: Method<Request, Response>): Unary<Request, Response> {
  return (request, options = {}) =>
    new Promise((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = method;
      const started = far.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, new Metadata(), deadline(options), (error, response) => {
        release();
        if (error) reject(fromStatus(error, far.service));
        else if (response === undefined) reject(new WeirError({ code: 'INTERNAL', message: `${far.service}: ${path} ended without an answer.` }));
        else resolve(response);
      });
      const release = onAbort(options.signal, () => started.cancel());
    });
}

function streaming<Request, Response>(far: Far, method: Method<Request, Response>): Streaming<Request, Response> {
  return (request, options = {}) => ({
    async *[Symbol.asyncIterator]() {
      if (options.signal?.aborted) throw new WeirError({ code: 'CANCELLED', message: `${far.service}: cancelled before the call.` });
      const started = far.client.makeServerStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, request, new Metadata(), deadline(options));
      const release = onAbort(options.signal, () => started.cancel());
      try {
        for await (const message of started) yield message as Response;
      } catch (error) {
        throw fromStatus(error as ServiceError, far.service);
      } finally {
        release();
        started.cancel();
      }
    },
  });
}

/** The far side's answer comes when it has all messages, or as soon as it refuses one: the rest is then not asked for. */
function collecting<Request, Response>(far: Far, method: Method<Request, Response>): Collecting<Request, Response> {
  return async (requests, options = {}) => {
    const answered = new AbortController();
    let sending: Promise<void> = Promise.resolve();
    const answer = new Promise<Response>((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = method;
      const started = far.client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, new Metadata(), deadline(options), (error, response) => {
        release();
        answered.abort();
        if (error) reject(fromStatus(error, far.service));
        else if (response === undefined) reject(new WeirError({ code: 'INTERNAL', message: `${far.service}: ${path} ended without an answer.` }));
        else resolve(response);
      });
      const release = onAbort(options.signal, () => started.cancel());
      sending = sendAll(started, requests, answered.signal).catch((error: unknown) => {
        started.cancel();
        reject(toWeirError(error));
      });
    });
    await sending;
    return answer;
  };
}

async function sendAll<Request>(call: ClientWritableStream<Request>, requests: AsyncIterable<Request>, answered: AbortSignal): Promise<void> {
  for await (const request of requests) {
    if (answered.aborted) return;
    if (!call.write(request)) await drained(call, answered);
  }
  call.end();
}

function drained<Request>(call: ClientWritableStream<Request>, answered: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    call.once('drain', resolve);
    answered.addEventListener('abort', () => resolve(), { once: true });
  });
}

function deadline(options: CallOptions): { deadline: Date } {
  return { deadline: new Date(Date.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS)) };
}

function onAbort(signal: AbortSignal | undefined, cancel: () => void): () => void {
  if (!signal) return () => undefined;
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  return () => signal.removeEventListener('abort', cancel);
}
