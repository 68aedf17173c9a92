import {
  BackfillServiceService,
  CatalogServiceService,
  DefinitionServiceService,
  IngestServiceService,
  LoadServiceService,
  QualityServiceService,
  QuarantineServiceService,
  RunServiceService,
  RunStatus,
  TransformServiceService,
  Verdict,
  connect,
  serve,
  stream,
  unary,
  type AuditRequest,
  type AuditResult,
  type BeginRunRequest,
  type BeginRunResponse,
  type CallContext,
  type Clients,
  type CollectGarbageRequest,
  type CollectGarbageResult,
  type CompactRequest,
  type CompactResult,
  type CompareSourceRequest,
  type CompareSourceResult,
  type ConsumeRequest,
  type ConsumeResponse,
  type ExtractRequest,
  type ExtractResult,
  type FinishRunRequest,
  type GetDefinitionRequest,
  type GetDefinitionResponse,
  type ListHeadsRequest,
  type ListHeadsResponse,
  type ListPipelinesResponse,
  type ListPositionsRequest,
  type ListPositionsResponse,
  type LoadRequest,
  type LoadResult,
  type PlanArchiveRequest,
  type PlanArchiveResponse,
  type PlanBackfillRequest,
  type PlanBackfillResponse,
  type Progress,
  type PublishRequest,
  type RecordBackfillRequest,
  type RecordBackfillResponse,
  type RecordReplayRequest,
  type RecordReplayResponse,
  type RecordStageRequest,
  type ReplayRowsRequest,
  type ReplayRowsResponse,
  type RpcServer,
  type TransformRequest,
  type TransformResult,
  type TryRowsRequest,
  type TryRowsResponse,
  type ValidateRequest,
  type ValidateResult,
} from '@weir/rpc';
import { BEGUN, CONSUMING, segments, validated } from './answers';

/** What a scripted rpc may use: which call of its kind it is (from 0), the caller's signal, and what to send. */
export interface Turn {
  readonly number: number;
  readonly signal: AbortSignal;
  progress(progress: Partial<Progress>): Promise<void>;
  /** Sends the result now, so that an error may follow it as Validate and Audit do. */
  result(result: unknown): Promise<void>;
  /** Of consume: what the member tells; it is consuming unless it says otherwise. */
  tell(now: Partial<ConsumeResponse>): Promise<void>;
}

type Scripted<Request, Result> = (request: Request, turn: Turn) => Promise<Partial<Result> | undefined>;

/** What a test wants the services to do instead of succeeding; what it returns is laid over the default result. */
export interface Script {
  beginRun?: Scripted<BeginRunRequest, BeginRunResponse>;
  extract?: Scripted<ExtractRequest, ExtractResult>;
  validate?: Scripted<ValidateRequest, ValidateResult>;
  transform?: Scripted<TransformRequest, TransformResult>;
  audit?: Scripted<AuditRequest, AuditResult>;
  publish?: Scripted<PublishRequest, { snapshot: number }>;
  load?: Scripted<LoadRequest, LoadResult>;
  recordStage?: Scripted<RecordStageRequest, object>;
  finishRun?: Scripted<FinishRunRequest, { status: RunStatus }>;
  listPipelines?: Scripted<object, ListPipelinesResponse>;
  getDefinition?: Scripted<GetDefinitionRequest, GetDefinitionResponse>;
  planBackfill?: Scripted<PlanBackfillRequest, PlanBackfillResponse>;
  recordBackfill?: Scripted<RecordBackfillRequest, RecordBackfillResponse>;
  compareSource?: Scripted<CompareSourceRequest, CompareSourceResult>;
  listHeads?: Scripted<ListHeadsRequest, ListHeadsResponse>;
  collectGarbage?: Scripted<CollectGarbageRequest, CollectGarbageResult>;
  /** Of bronze. */
  compact?: Scripted<CompactRequest, CompactResult>;
  /** Of silver and gold. */
  compactModels?: Scripted<CompactRequest, CompactResult>;
  /** Consumes until the caller goes away, unless it gives something. */
  consume?: Scripted<ConsumeRequest, object>;
  planArchive?: Scripted<PlanArchiveRequest, PlanArchiveResponse>;
  listPositions?: Scripted<ListPositionsRequest, ListPositionsResponse>;
  tryRows?: Scripted<TryRowsRequest, TryRowsResponse>;
  replayRows?: Scripted<ReplayRowsRequest, ReplayRowsResponse>;
  recordReplay?: Scripted<RecordReplayRequest, RecordReplayResponse>;
}

interface Call {
  readonly rpc: keyof Script;
  readonly request: { runId?: string; context?: { runId: string } | undefined };
}

/** All services behind one real gRPC server on a free port, scripted per test: the far side of the orchestrator's wire. */
export class FarSide {
  script: Script = {};
  calls: Call[] = [];
  private snapshot = 0;

  private constructor(
    private readonly server: RpcServer,
    readonly clients: Clients,
  ) {}

  static async start(): Promise<FarSide> {
    const holder: { side?: FarSide } = {};
    const side = () => holder.side as FarSide;
    const server = await serve({ host: '127.0.0.1', port: 0, services: services(side), reflection: false });
    server.setReady(true);
    const address = `127.0.0.1:${server.port}`;
    holder.side = new FarSide(server, connect({ ingest: address, quality: address, transform: address, load: address, metadata: address }));
    return holder.side;
  }

  async stop(): Promise<void> {
    this.clients.close();
    await this.server.drain(100);
  }

  reset(): void {
    this.script = {};
    this.calls = [];
  }

  /** The rpcs of one run in order, records and what follows its end left out. */
  stepsOf(runId: string): string[] {
    return this.calls.filter(({ rpc, request }) => rpc !== 'recordStage' && rpc !== 'replayRows' && (request.runId ?? request.context?.runId) === runId).map(({ rpc }) => rpc);
  }

  /** The stage records of one run in order. */
  recordsOf(runId: string): NonNullable<RecordStageRequest['stage']>[] {
    const requests = this.requests<RecordStageRequest>('recordStage').filter((request) => request.runId === runId);
    return requests.flatMap(({ stage }) => (stage ? [stage] : []));
  }

  requests<Request>(rpc: keyof Script): Request[] {
    return this.calls.filter((call) => call.rpc === rpc).map(({ request }) => request as unknown as Request);
  }

  published(): number {
    return this.snapshot;
  }

  nextSnapshot(): number {
    this.snapshot += 1;
    return this.snapshot;
  }

  /** Records the call and plays its script; the default result is what the script does not change. */
  async play(rpc: keyof Script, request: unknown, call: CallContext, send: (event: unknown) => Promise<void>, result: (request: never) => object): Promise<object> {
    const number = this.calls.filter((earlier) => earlier.rpc === rpc).length;
    this.calls.push({ rpc, request: request as Call['request'] });
    const script = this.script[rpc] as Scripted<unknown, object> | undefined;
    const turn: Turn = {
      number,
      signal: call.signal,
      progress: (progress) => send({ event: { $case: 'progress', value: { step: '', done: 0, total: 0, ...progress } } }),
      result: (value) => send({ event: { $case: 'result', value } }),
      tell: (now) => send({ ...CONSUMING, ...now }),
    };
    const changed = await script?.(request, turn);
    if (rpc === 'consume' && !changed) await consume(turn);
    return { ...result(request as never), ...changed };
  }
}

/** Never answers until the caller goes away: for tests of cancellation. */
export async function hang({ signal }: Turn): Promise<undefined> {
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  return undefined;
}

/** Tells that it consumes, again and again, until the caller goes away. */
async function consume(turn: Turn): Promise<void> {
  const heart = setInterval(() => void turn.tell({}), 200);
  await turn.tell({});
  await hang(turn);
  clearInterval(heart);
}

function services(side: () => FarSide): Parameters<typeof serve>[0]['services'] {
  const { one, many, member } = players(side);
  // Rpcs that no activity calls.
  const unused = unary(() => Promise.resolve({})) as never;
  return [
    [
      IngestServiceService,
      {
        extract: many('extract', () => ({ raw: segments('raw', 100), files: 1, bytes: 1000, positions: [] })),
        compareSource: many('compareSource', () => ({ changes: [] })),
        consume: stream(member) as never,
        planArchive: one('planArchive', () => ({ interval: undefined, ranges: [], more: false, lagOfRetention: 0 })),
        push: unused,
      },
    ],
    [QualityServiceService, { validate: many('validate', validated), audit: many('audit', () => ({ checks: [], verdict: Verdict.PASSED, score: 100 })), compact: many('compact', () => ({ datasets: [] })) }],
    [QuarantineServiceService, quarantine(side)],
    [TransformServiceService, { transform: many('transform', () => ({ staged: segments('staged', 40), models: [{ name: 'gold.a', rowsIn: 97, rowsOut: 40, milliseconds: 5 }] })), compact: many('compactModels', () => ({ datasets: [] })) }],
    [
      LoadServiceService,
      {
        load: many('load', () => ({ tables: [{ table: 'shop.a', fromSnapshot: 0, toSnapshot: 1, insertedOrUpdated: 40, deleted: 0, rowsInTable: 40, commitId: 'c', milliseconds: 5, refused: 0, rules: [] }] })),
        listHeads: one('listHeads', () => ({ heads: [] })),
      },
    ],
    [
      RunServiceService,
      {
        beginRun: one('beginRun', ({ interval }: BeginRunRequest) => ({ ...BEGUN, interval, snapshot: side().published() })),
        recordStage: one('recordStage', () => ({})),
        finishRun: one('finishRun', () => ({ status: RunStatus.SUCCEEDED })),
        getRun: unused,
        listRuns: unused,
      },
    ],
    [
      CatalogServiceService,
      {
        publish: one('publish', () => ({ snapshot: side().nextSnapshot() })),
        getSnapshot: unused,
        getDifference: unused,
        listDatasets: unused,
        getLoadTarget: unused,
        listSources: unused,
        listPositions: one('listPositions', () => ({ positions: [] })),
        collectGarbage: many('collectGarbage', () => ({ datasets: [] })),
      },
    ],
    [DefinitionServiceService, { apply: unused, listPipelines: one('listPipelines', () => ({ pipelines: [] })), getDefinition: one('getDefinition', () => ({})) }],
    [
      BackfillServiceService,
      {
        planBackfill: one('planBackfill', () => ({ counts: [], selected: 0, intervals: [], more: false, definitionVersion: 3 })),
        recordBackfill: one('recordBackfill', ({ backfill }: RecordBackfillRequest) => ({ backfill })),
        getBackfill: unused,
        listBackfills: unused,
      },
    ],
  ];
}

function quarantine(side: () => FarSide) {
  const { one } = players(side);
  const unused = unary(() => Promise.resolve({})) as never;
  return {
    listRows: unused,
    getRow: unused,
    dropRows: unused,
    tryRows: one('tryRows', () => ({ contractVersion: '1.0.0', grains: [], rules: [], cursor: '' })),
    replayRows: one('replayRows', () => ({ replayed: 0, superseded: 0, reopened: 0 })),
    recordReplay: one('recordReplay', () => ({ action: 1, openBefore: 0, openAfter: 0, replayed: 0, contractVersion: '1.0.0' })),
  };
}

/** Rpcs by their kind: with one answer, with a stream that ends with one, and the member of a stream. */
function players(side: () => FarSide) {
  const one = (rpc: keyof Script, result: (request: never) => object) => unary((request: never, call) => side().play(rpc, request, call, () => Promise.resolve(), result)) as never;
  const many = (rpc: keyof Script, result: (request: never) => object) =>
    stream(async (request: never, call, send: (event: never) => Promise<void>) => {
      const value = await side().play(rpc, request, call, send as never, result);
      await send({ event: { $case: 'result', value } } as never);
    }) as never;
  const member = async (request: never, call: CallContext, send: (event: never) => Promise<void>) => void (await side().play('consume', request, call, send as never, () => ({})));
  return { one, many, member };
}
