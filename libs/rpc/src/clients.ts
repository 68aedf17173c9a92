import { credentials, type Client, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { WeirError } from '@weir/core';
import { IngestServiceClient, type ExtractRequest, type ExtractResponse } from './gen/weir/ingest/v1/ingest';
import { LoadServiceClient, type LoadRequest, type LoadResponse } from './gen/weir/load/v1/load';
import { CatalogServiceClient, type GetDifferenceRequest, type GetDifferenceResponse, type GetSnapshotRequest, type GetSnapshotResponse, type ListDatasetsRequest, type ListDatasetsResponse, type PublishRequest, type PublishResponse } from './gen/weir/metadata/v1/catalog';
import { DefinitionServiceClient, type ApplyRequest, type ApplyResponse, type GetDefinitionRequest, type GetDefinitionResponse, type ListPipelinesRequest, type ListPipelinesResponse } from './gen/weir/metadata/v1/definition';
import { RunServiceClient, type BeginRunRequest, type BeginRunResponse, type FinishRunRequest, type FinishRunResponse, type GetRunRequest, type GetRunResponse, type ListRunsRequest, type ListRunsResponse, type RecordStageRequest, type RecordStageResponse } from './gen/weir/metadata/v1/run';
import { QualityServiceClient, QuarantineServiceClient, type AuditRequest, type AuditResponse, type ListRowsRequest, type ListRowsResponse, type ValidateRequest, type ValidateResponse } from './gen/weir/quality/v1/quality';
import { TransformServiceClient, type TransformRequest, type TransformResponse } from './gen/weir/transform/v1/transform';
import { MAX_MESSAGE_BYTES } from './server';
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

/** The services by their rpcs. Errors arrive as WeirError. Close it to end its connections. */
export interface Clients {
  readonly ingest: { readonly extract: Streaming<ExtractRequest, ExtractResponse> };
  readonly quality: { readonly validate: Streaming<ValidateRequest, ValidateResponse>; readonly audit: Streaming<AuditRequest, AuditResponse> };
  readonly quarantine: { readonly listRows: Unary<ListRowsRequest, ListRowsResponse> };
  readonly transform: { readonly transform: Streaming<TransformRequest, TransformResponse> };
  readonly load: { readonly load: Streaming<LoadRequest, LoadResponse> };
  readonly definitions: {
    readonly apply: Unary<ApplyRequest, ApplyResponse>;
    readonly getDefinition: Unary<GetDefinitionRequest, GetDefinitionResponse>;
    readonly listPipelines: Unary<ListPipelinesRequest, ListPipelinesResponse>;
  };
  readonly runs: {
    readonly beginRun: Unary<BeginRunRequest, BeginRunResponse>;
    readonly recordStage: Unary<RecordStageRequest, RecordStageResponse>;
    readonly finishRun: Unary<FinishRunRequest, FinishRunResponse>;
    readonly getRun: Unary<GetRunRequest, GetRunResponse>;
    readonly listRuns: Unary<ListRunsRequest, ListRunsResponse>;
  };
  readonly catalog: {
    readonly publish: Unary<PublishRequest, PublishResponse>;
    readonly getSnapshot: Streaming<GetSnapshotRequest, GetSnapshotResponse>;
    readonly getDifference: Streaming<GetDifferenceRequest, GetDifferenceResponse>;
    readonly listDatasets: Unary<ListDatasetsRequest, ListDatasetsResponse>;
  };
  close(): void;
}

/** host:port of each service; a call to one that was left out fails with UNAVAILABLE. */
export type Addresses = Partial<Record<'ingest' | 'quality' | 'transform' | 'load' | 'metadata', string>>;

/** Clients for the given services; connections are made at the first call and re-made by themselves. */
export function connect(addresses: Addresses): Clients {
  const open: Client[] = [];
  const make = <C extends Client>(constructor: new (address: string, c: ReturnType<typeof credentials.createInsecure>, o: object) => C, service: keyof Addresses): C => {
    // Port 1 answers nowhere: an address that is missing fails like a server that is down.
    const client = new constructor(addresses[service] ?? '127.0.0.1:1', credentials.createInsecure(), CHANNEL_OPTIONS);
    open.push(client);
    return client;
  };
  const ingest = make(IngestServiceClient, 'ingest');
  const quality = make(QualityServiceClient, 'quality');
  const quarantine = make(QuarantineServiceClient, 'quality');
  const transform = make(TransformServiceClient, 'transform');
  const load = make(LoadServiceClient, 'load');
  const definitions = make(DefinitionServiceClient, 'metadata');
  const runs = make(RunServiceClient, 'metadata');
  const catalog = make(CatalogServiceClient, 'metadata');
  return {
    ingest: { extract: streaming('ingest', ingest, ingest.extract) },
    quality: { validate: streaming('quality', quality, quality.validate), audit: streaming('quality', quality, quality.audit) },
    quarantine: { listRows: promised('quality', quarantine, quarantine.listRows) },
    transform: { transform: streaming('transform', transform, transform.transform) },
    load: { load: streaming('load', load, load.load) },
    definitions: {
      apply: promised('metadata', definitions, definitions.apply),
      getDefinition: promised('metadata', definitions, definitions.getDefinition),
      listPipelines: promised('metadata', definitions, definitions.listPipelines),
    },
    runs: {
      beginRun: promised('metadata', runs, runs.beginRun),
      recordStage: promised('metadata', runs, runs.recordStage),
      finishRun: promised('metadata', runs, runs.finishRun),
      getRun: promised('metadata', runs, runs.getRun),
      listRuns: promised('metadata', runs, runs.listRuns),
    },
    catalog: {
      publish: promised('metadata', catalog, catalog.publish),
      getSnapshot: streaming('metadata', catalog, catalog.getSnapshot),
      getDifference: streaming('metadata', catalog, catalog.getDifference),
      listDatasets: promised('metadata', catalog, catalog.listDatasets),
    },
    close: () => open.forEach((client) => client.close()),
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

type UnaryMethod = (request: never, options: { deadline: Date }, callback: (error: ServiceError | null, response: never) => void) => { cancel(): void };
type StreamMethod = (request: never, options: { deadline: Date }) => ClientReadableStream<never>;

/** ts-proto overloads a unary method three ways and TypeScript infers from the last; this names the one we call. */
interface OverloadedUnary<Request, Response> {
  (request: Request, metadata: never, options: never, callback: (error: ServiceError | null, response: Response) => void): unknown;
}

function promised<Request, Response>(service: string, client: Client, method: OverloadedUnary<Request, Response>): Unary<Request, Response> {
  const call = method.bind(client) as unknown as UnaryMethod;
  return (request, options = {}) =>
    new Promise((resolve, reject) => {
      const started = call(request as never, { deadline: deadline(options) }, (error, response) => {
        release();
        if (error) reject(fromStatus(error, service));
        else resolve(response as Response);
      });
      const release = onAbort(options.signal, () => started.cancel());
    });
}

function streaming<Request, Response>(service: string, client: Client, method: (request: Request, ...rest: never[]) => ClientReadableStream<Response>): Streaming<Request, Response> {
  const call = method.bind(client) as unknown as StreamMethod;
  return (request, options = {}) => ({
    async *[Symbol.asyncIterator]() {
      if (options.signal?.aborted) throw new WeirError({ code: 'CANCELLED', message: `${service}: cancelled before the call.` });
      const started = call(request as never, { deadline: deadline(options) });
      const release = onAbort(options.signal, () => started.cancel());
      try {
        for await (const message of started) yield message as Response;
      } catch (error) {
        throw fromStatus(error as ServiceError, service);
      } finally {
        release();
        started.cancel();
      }
    },
  });
}

function deadline(options: CallOptions): Date {
  return new Date(Date.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS));
}

function onAbort(signal: AbortSignal | undefined, cancel: () => void): () => void {
  if (!signal) return () => undefined;
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  return () => signal.removeEventListener('abort', cancel);
}
