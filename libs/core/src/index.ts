export { type CheckOutcome, type CheckType, type Check, type RowRule, type Severity, type Threshold, type Unit, type Verdict } from './check/check';
export { ALIASES } from './check/aliases';
export { type Alias, type Vocabulary } from './check/alias/alias';
export { type Measure, type MeasureKind } from './check/measure';
export { type MeasureContext, type Measurement, type OtherDataset } from './check/primitive/primitive';
export { type PrimitiveFacts, PRIMITIVES } from './check/primitives';
export { type ColumnType, type Contract, type ContractColumn, type ContractDataset, type RowOrder } from './contract/contract';
export { columnTypeOf, isNumeric, widens } from './contract/column-type';
export { COMPATIBILITY_MODES, type CompatibilityMode, type ContractChange, type ContractVersion, DEFAULT_COMPATIBILITY, type Direction, type VersionChange, contractChanges, versionChanges } from './contract/compatibility';
export { type ReadChange, changeText, incompatibleError } from './contract/incompatible';
export { type ParsedContract, parseContract } from './contract/parse-contract';
export { decodeColumn, typeName } from './contract/decode-column';
export { POISON_REASONS, type PoisonReason } from './contract/poison';
export { contractSchema } from './contract/contract-schema';
export { ODCS_VERSIONS } from './contract/odcs-schema';
export { type AppliedPipelines, circleText, pipelineCircle } from './definition/applied-pipelines';
export { type ColumnReader, ColumnReaders, type VersionedDefinition } from './definition/column-readers';
export { type Change, describeChanges } from './definition/changes';
export { CONTRACT_FILE, PIPELINE_FILE, compileDefinition } from './definition/compile';
export {
  type Column,
  type Definition,
  type DefinitionFile,
  type Destination,
  type Export,
  type ExportLayout,
  type FileExport,
  type Model,
  type ModelScope,
  type PipelineMode,
  type Policy,
  type PostgresTables,
  type Retention,
  type S3Export,
  type Schedule,
  type StreamSettings,
  type Upstream,
  type WriteMode,
  type Zone,
} from './definition/definition';
export { type DefinitionSummary, describeDefinition } from './definition/describe';
export { formatDuration, parseDuration } from './definition/duration';
export { type EnvironmentValue, resolveEnvironment } from './definition/environment';
export { readByInterval } from './definition/find-upstream';
export { guessDelimiter } from './definition/guess-delimiter';
export { RESERVED_PREFIX, nameFault } from './definition/names';
export { parseConnections } from './definition/parse-connections';
export { parseDefinition } from './definition/parse-definition';
export { destinationName } from './definition/parse-destinations';
export { type ApiConnectionSettings, type ApiLogin, type ConnectionSettings, type PostgresConnectionSettings, type S3ConnectionSettings, type SecretReference } from './definition/connection';
export { CONNECTIONS_SCHEMA } from './definition/connection-schema';
export { DEFAULTS } from './definition/defaults';
export { arrayColumns, sourceDataset } from './definition/source-dataset';
export { type ApiPages, type ApiSource, CSV_LAYOUT, type FileLayout, type FileSource, isReadInSequence, type KafkaSource, type PostgresSource, type RecordForm, type RecordFormat, recordForm, type S3Source, type Source } from './definition/source';
export { PIPELINE_SCHEMA } from './definition/pipeline-schema';
export { type Problem, problemsError } from './definition/problem';
export { staleParts } from './definition/stale-parts';
export { type ColumnRead, type DescribedColumn, type SqlInspector, type SqlModel, type SqlProblem, isSqlProblem } from './definition/sql-inspector';
export {
  ERRORS,
  type ErrorCode,
  type ErrorFields,
  type GrpcStatusName,
  NON_RETRYABLE,
  type Retry,
  WeirError,
  formatError,
  isErrorCode,
  isWeirError,
  toWeirError,
} from './errors';
export { type CsvRecord, readCsvText } from './model-test/csv-text';
export { PARTITION } from './model-test/model-inputs';
export { type Cell, type ContractTest, type ExpectedReject, type ExpectedRows, type FixtureRow, type GivenRows, type ModelRowsTest, type ModelTest, type RawRecord } from './model-test/model-test';
export { parseModelTests } from './model-test/parse-tests';
export { TESTS_SCHEMA } from './model-test/test-schema';
export { orAborted } from './or-aborted';
export { sideBySide } from './side-by-side';
export { systemCode } from './system-code';
export { type Interval, MAX_GRAINS, WHOLE, canonicalInstant, formatInterval, grainFrom, grainMs, parseInstant, parseInterval, parseIntervalText, partitionsOf } from './interval/interval';
export { FILES, leftWords, notTaken, positionWords, type Take, takeWords } from './position/take';
export { LogGrains } from './interval/log-grain';
export { type LogSegmentName, formatLogSegment, parseLogSegment } from './interval/log-segment';
export { scheduledInterval } from './interval/schedule';
export { listed, suggest } from './suggest';
export { MAX_IDENTIFIER_BYTES, isPlainIdentifier, numberLiteral, quoteIdent, quoteLiteral, quoteQualified } from './sql/quote';
export { type CompiledCheck, compileCheck, type Found, foundGroups, foundTogether, groupsOf, measureGroups, measureTogether, type RowNames, samplesSql, sumsOverRows } from './check/compile-check';
export { judge, unmeasured } from './check/judge';
export { score, verdict } from './check/verdict';
export { isKnown, type KnownRules } from './check/suggest/known-rules';
export { type AgeProfile, type ColumnProfile, type DatasetProfile } from './check/suggest/profile';
export { ageSql, FEW_VALUES, profileSql, quantilesSql, readProfile, SAMPLE_ROWS, sampleSql, valuesSql } from './check/suggest/profile-sql';
export { type Candidate, isIdLike, proposeChecks, type SuggestedMeasure } from './check/suggest/propose';
export { checkOf, countingCheck, type LeftOut, type Proposal, type Seen, settle } from './check/suggest/settle';
export { worstSharesSql } from './check/suggest/worst-share';
export { type Insertion, insertQuality, type LongerContract } from './contract/insert-quality';
export { columnDrift, DRIFT_KINDS, DRIFT_POLICIES, type DriftPolicies, driftPolicies, missingOutcome, newColumnOutcome } from './contract/drift';
export { type DecodeRule, NEW_COLUMN } from './contract/decode-rules';
export { BROKEN_RULES, DELETED, type Decode, EXTRA, ROW_ID, compileDecode } from './contract/decode-sql';
export { rowIdSql } from './contract/row-id';
export { HEADERS, headerNames } from './contract/record-headers';
export { storedValueSql } from './contract/side-column';
export { type FileColumn, fileColumnName, fileTextsSql } from './plan/file-texts';
export { ADMITTED_ROWS, BRONZE_ROWS, FILE_COLUMN, KEY_CONFLICT, OFFSET_COLUMN, type ReadFile, VALID_ROWS, type ValidatePlan, planValidate } from './plan/validate';
export { csvRowSql } from './plan/csv-rows';
export { type DatasetShape, datasetShape, qualifiedName } from './plan/dataset-shape';
export { type JsonColumn, jsonRowSql, jsonRowsSql } from './plan/inline-rows';
export { POISON_MARK, TOMBSTONE_MARK, recordTextsSql } from './plan/record-texts';
export { type BatchRange, type BatchReject, type BatchRemark, type BatchStatements, RANGE_SEPARATOR, type ValidateBatchPlan, type ValidatedBatch, VALUE_SEPARATOR, planValidateBatch } from './plan/validate-batch';
export { rowHashSql, type WinnerRule, winnerOrderSql, winnerRule } from './plan/winner';
