export { connect, DEFAULT_TIMEOUT_MS, type Addresses, type CallOptions, type Clients } from './clients';
export { cachedDefinitions, type DefinitionReader } from './definitions';
export { stream, unary, type CallContext } from './handler';
export { withProgress, type ReportProgress } from './progress';
export { MAX_MESSAGE_BYTES, serve, type RpcServer, type ServeOptions } from './server';
export { fromStatus, toStatus } from './status';
export type { Interval, Position, Progress, RowCount, SegmentSet, StageContext } from './gen/weir/data/v1/data';
export { IngestServiceService, type ExtractRequest, type ExtractResponse, type ExtractResult, type IngestServiceServer } from './gen/weir/ingest/v1/ingest';
export {
  QualityServiceService,
  QuarantineServiceService,
  Severity,
  Verdict,
  type Accounts,
  type AuditRequest,
  type AuditResponse,
  type AuditResult,
  type CheckResult,
  type ListRowsRequest,
  type ListRowsResponse,
  type QualityServiceServer,
  type QuarantinedRow,
  type QuarantineServiceServer,
  type RuleCount,
  type ValidateRequest,
  type ValidateResponse,
  type ValidateResult,
} from './gen/weir/quality/v1/quality';
export { Scope, TransformServiceService, type TransformRequest, type TransformResponse, type TransformResult, type TransformServiceServer } from './gen/weir/transform/v1/transform';
export { LoadServiceService, type LoadRequest, type LoadResponse, type LoadResult, type LoadServiceServer, type TableLoad } from './gen/weir/load/v1/load';
export {
  DefinitionServiceService,
  type ApplyRequest,
  type ApplyResponse,
  type Change,
  type DefinitionFile,
  type DefinitionServiceServer,
  type GetDefinitionRequest,
  type GetDefinitionResponse,
  type ListPipelinesRequest,
  type ListPipelinesResponse,
  type PipelineSummary,
} from './gen/weir/metadata/v1/definition';
export {
  RunKind,
  RunServiceService,
  RunStatus,
  StageStatus,
  type BeginRunRequest,
  type BeginRunResponse,
  type FinishRunRequest,
  type FinishRunResponse,
  type GetRunRequest,
  type GetRunResponse,
  type ListRunsRequest,
  type ListRunsResponse,
  type RecordStageRequest,
  type RecordStageResponse,
  type Run,
  type RunError,
  type RunServiceServer,
  type StageRecord,
} from './gen/weir/metadata/v1/run';
export {
  CatalogServiceService,
  type CatalogServiceServer,
  type DatasetSummary,
  type GetDifferenceRequest,
  type GetDifferenceResponse,
  type GetSnapshotRequest,
  type GetSnapshotResponse,
  type ListDatasetsRequest,
  type ListDatasetsResponse,
  type LiveSegment,
  type PublishRequest,
  type PublishResponse,
} from './gen/weir/metadata/v1/catalog';
