/**
 * The closed table of errors. Every failure that leaves a service, a workflow or the command line is one of these codes;
 * gRPC statuses, Temporal's non-retryable list, quarantine reasons and docs/errors.md are all derived from it.
 *
 * `retry` says what the platform does by itself:
 * - `transient`: try again inside the stage, 1 s to 30 s apart, uncounted, until the stage's time is up;
 * - `counted`: try the stage again after the pipeline's `retryDelay`, at most `retries` times;
 * - `never`: a person or a changed input is needed.
 */
export type Retry = 'transient' | 'counted' | 'never';

/** Names of google.rpc.Code, as gRPC libraries spell them. */
export type GrpcStatusName =
  | 'CANCELLED'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS';

interface ErrorKind {
  readonly retry: Retry;
  readonly grpc: GrpcStatusName;
  /** When it happens, for docs/errors.md. */
  readonly when: string;
  /** What to do where the place of failure knows nothing better. */
  readonly fix: string;
}

export const ERRORS = {
  // Definitions
  UNKNOWN_KEY: { retry: 'never', grpc: 'INVALID_ARGUMENT', when: 'A definition file has a key that Weir does not know.', fix: 'Remove the key or correct its spelling.' },
  INVALID_YAML: { retry: 'never', grpc: 'INVALID_ARGUMENT', when: 'A definition file is not well-formed YAML.', fix: 'Correct the syntax at the place named.' },
  INVALID_VALUE: { retry: 'never', grpc: 'INVALID_ARGUMENT', when: 'A value in a definition, a request or a setting has the wrong type or is out of range.', fix: 'Use one of the values named.' },
  MISSING_KEY: { retry: 'never', grpc: 'INVALID_ARGUMENT', when: 'A definition lacks something required.', fix: 'Add the key.' },
  MISSING_FILE: { retry: 'never', grpc: 'INVALID_ARGUMENT', when: 'A definition folder lacks a file that it needs.', fix: 'Add the file; `weir init` writes a working example.' },
  INVALID_SQL: { retry: 'never', grpc: 'INVALID_ARGUMENT', when: 'A model or rule is not valid SQL for its inputs.', fix: 'Correct the SQL at the place named.' },
  FORBIDDEN_SQL: { retry: 'never', grpc: 'INVALID_ARGUMENT', when: 'A model or rule is not one SELECT, or reaches for files, network, settings or volatile functions.', fix: 'Read only declared datasets, in one SELECT.' },
  UNKNOWN_DATASET: { retry: 'never', grpc: 'INVALID_ARGUMENT', when: 'A model reads a dataset that the pipeline does not have.', fix: 'Read one of the datasets named.' },
  MODEL_CYCLE: { retry: 'never', grpc: 'INVALID_ARGUMENT', when: 'Models read each other in a circle.', fix: 'Break the circle.' },
  UNKNOWN_CONNECTION: { retry: 'never', grpc: 'INVALID_ARGUMENT', when: 'A destination names a connection that is not configured.', fix: 'Use `warehouse`, the connection that comes with `weir up`.' },
  CONTRACT_INCOMPATIBLE: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'A contract changes what its data looks like in a way that its compatibility mode forbids; nothing was stored.', fix: 'Keep what was, beside what is new; or state another `weirCompatibility` in the contract.' },
  // Requests
  PIPELINE_NOT_FOUND: { retry: 'never', grpc: 'NOT_FOUND', when: 'No pipeline of that name was applied.', fix: 'Run `weir apply <dir>` first.' },
  RUN_NOT_FOUND: { retry: 'never', grpc: 'NOT_FOUND', when: 'No run has that id.', fix: 'Look it up with `weir runs list`.' },
  INVALID_INTERVAL: { retry: 'never', grpc: 'INVALID_ARGUMENT', when: 'An interval is not a whole number of grains, is empty, is missing or is given to a pipeline without a grain.', fix: 'Give start and end on grain boundaries, such as 2010-12-01/2010-12-02.' },
  INTERVAL_BUSY: { retry: 'never', grpc: 'ABORTED', when: 'Another run holds part of the interval.', fix: 'Wait for the run named, or cancel it.' },
  NOT_ADDRESSABLE: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'An interval was never run, and its source is read in sequence (`track: new`): whatever it could have had is in a later interval.', fix: 'Nothing is missing: look in the later interval named. Only intervals that were run can be run again.' },
  PAST_MISSING: { retry: 'transient', grpc: 'FAILED_PRECONDITION', when: 'A scheduled run of a pipeline with dependsOnPast has to wait: the interval before its own was not published. So has one of a source that is read in sequence, after an interval that failed.', fix: 'Run or retry the interval named; the waiting run goes on by itself.' },
  RUN_LIMIT: { retry: 'transient', grpc: 'RESOURCE_EXHAUSTED', when: 'As many scheduled runs of the pipeline are open as `schedule.maxActiveRuns` allows; or its source is read in sequence, and another run takes what is new.', fix: 'Nothing; the run begins when another ends.' },
  NOT_POSSIBLE: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'A run, backfill or dataset was asked for something that its state does not allow, such as resuming what is not paused or previewing what is not published.', fix: 'Look at its state with `weir runs show` or `weir backfills show`.' },
  BACKFILL_NOT_FOUND: { retry: 'never', grpc: 'NOT_FOUND', when: 'No backfill has that name.', fix: 'Look it up with `weir backfills list`.' },
  ROW_NOT_FOUND: { retry: 'never', grpc: 'NOT_FOUND', when: 'No row of the quarantine has that number.', fix: 'Look it up with `weir quarantine list`.' },
  APPROVAL_EXPIRED: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'Nobody approved a run that published nothing because its verdict is a warning.', fix: 'Run the interval again, and approve it in time.' },
  RAW_EXPIRED: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'A run was to begin from raw segments that are no longer kept.', fix: 'Run the interval from its source.' },
  LEASE_LOST: { retry: 'never', grpc: 'ABORTED', when: 'The run no longer holds its interval: another run took it over after this one was declared dead.', fix: 'Run the interval again.' },
  // Source
  SOURCE_MISSING: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'The source folder or the file of an interval does not exist.', fix: 'Check the path, or set `source.empty: allow` where intervals without a file are normal.' },
  SOURCE_UNREADABLE: { retry: 'counted', grpc: 'FAILED_PRECONDITION', when: 'A source file exists but cannot be read.', fix: 'Check the permissions of the file and its folder.' },
  SOURCE_REFUSED: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'A database, store or API that a source names refused the question: the login is wrong, or what was asked for is not there.', fix: 'Correct the connection or the source; the message says what was asked and answered.' },
  CURSOR_NULL: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'Rows of a source table have no time in the column that says which interval a row is of: no run would ever read them.', fix: 'Give them a time and make the column NOT NULL, or read the table whole: without grain and cursor.' },
  EGRESS_DENIED: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'A connection leads to an address of this machine, of a private network, or of nobody, which definitions may not reach.', fix: 'Let the operator add the address to WEIR_EGRESS_ALLOW of the service, such as 10.0.0.7:5432.' },
  SECRET_MISSING: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'A connection names a secret that the service does not have.', fix: 'Set WEIR_SECRET_<NAME> where the service runs.' },
  HEADER_MISMATCH: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: "A file's header does not have the columns of the contract that its rows cannot be without.", fix: 'Correct the file, or the physicalName of the columns in the contract; a column may be missing that is not required, or has a `weirDefault`.' },
  CONTRACT_FROZEN: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'Data is not as its contract says, and the contract is frozen for that (`weirDrift`). Nothing was published.', fix: 'Have the source send what the contract says; or take the change into the contract (`weir apply --dry-run` shows what it breaks), or state another `weirDrift`.' },
  FILE_MALFORMED: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'A file is binary, empty of a header, or has a quote that is never closed.', fix: 'Ask the producer for the file again; the run can then be repeated.' },
  FILE_TOO_LARGE: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'A file is larger than Weir reads, as it is or once it is inflated.', fix: 'Have the producer write the file in parts.' },
  FILE_TRUNCATED: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'A file ends in the middle of a row.', fix: 'Ask the producer for the whole file; the run can then be repeated.' },
  // Streams
  TOPIC_MISSING: { retry: 'counted', grpc: 'FAILED_PRECONDITION', when: 'A topic does not exist, or the Kafka that has it may not be read.', fix: 'Create the topic, or correct `source.topic`.' },
  POSITION_LOST: { retry: 'never', grpc: 'DATA_LOSS', when: 'The position of a stream is no longer in its topic: records were removed before they were read, or the topic is another one of the same name.', fix: 'Run the lost intervals from the archive if it has them, then `weir streams resume --skip-lost`.' },
  POSITION_MOVED: { retry: 'never', grpc: 'ABORTED', when: 'A micro-batch begins at a position that its destination has passed: another consumer has the partition. Nothing was changed.', fix: 'Nothing; the consumer goes on from the position in the destination.' },
  BATCH_TOO_LARGE: { retry: 'never', grpc: 'RESOURCE_EXHAUSTED', when: 'The rows of a micro-batch, or what models make of them, are more than one message between services takes; or a table refuses more of them than it can be asked about at a time.', fix: 'Nothing; the consumer sends it in halves.' },
  REGISTRY_REFUSED: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'The schema registry refused a question, such as for a wrong login.', fix: 'Correct the registry settings of the service.' },
  STREAM_NOT_FOUND: { retry: 'never', grpc: 'NOT_FOUND', when: 'No stream of that pipeline runs.', fix: 'Start it with `weir streams start`.' },
  // Quality
  CHECK_FAILED: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'A critical dataset check failed; nothing was published.', fix: 'Look at the failing rows named, then correct the data or the contract and run again.' },
  QUARANTINE_LIMIT: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'More rows were quarantined than `quarantine.failAbove` allows, and nothing was published; or a table of a destination refused more, and no table there was changed.', fix: 'Look at the rules and rows named, then correct the data or raise the limit.' },
  DECODE_MISMATCH: { retry: 'never', grpc: 'INTERNAL', when: 'The row count of the structural scan and of the engine differ; rows cannot be accounted for.', fix: 'Report it with the file: this is a defect of Weir.' },
  // Load
  DESTINATION_REFUSED: { retry: 'counted', grpc: 'FAILED_PRECONDITION', when: 'A store or folder that a destination names refused to be written, or is not there.', fix: 'Correct the connection or the destination, or the permissions there; the message says what was asked and answered.' },
  DESTINATION_INCOMPATIBLE: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'A destination table exists with columns that do not fit the model.', fix: 'Rename or drop the table, or choose another schema.' },
  // Engine
  ENGINE_FAILED: { retry: 'counted', grpc: 'INTERNAL', when: 'The engine failed on a statement for a reason that is not in the SQL itself.', fix: 'Look at the message; run again.' },
  MODEL_FAILED: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'A model failed on the data it was given, such as a failed cast or an overflow.', fix: 'Correct the model named.' },
  MEMORY_LIMIT: { retry: 'counted', grpc: 'RESOURCE_EXHAUSTED', when: "A stage needed more memory or temporary disk than its limit.", fix: 'Run smaller intervals, or raise the memory limit of the service.' },
  // Lake
  SEGMENT_CORRUPT: { retry: 'never', grpc: 'DATA_LOSS', when: 'A segment or manifest is missing or its hash differs from the one recorded.', fix: 'Run the interval again from the source.' },
  DISK_FULL: { retry: 'transient', grpc: 'RESOURCE_EXHAUSTED', when: 'A disk has no room left.', fix: 'Free some space; the run goes on by itself.' },
  LAKE_REFUSED: { retry: 'counted', grpc: 'FAILED_PRECONDITION', when: 'The bucket that the lake is kept in is not there, or refuses what a service asks of it.', fix: 'Let the operator correct WEIR_LAKE and WEIR_LAKE_S3_… of the services.' },
  // Platform
  UNAVAILABLE: { retry: 'transient', grpc: 'UNAVAILABLE', when: 'A service or server does not answer.', fix: 'Look at `weir status` and `weir doctor`; the run goes on by itself once it answers.' },
  BUSY: { retry: 'transient', grpc: 'RESOURCE_EXHAUSTED', when: 'A service has as much work as its limits allow.', fix: 'Nothing; the run goes on by itself.' },
  DEADLINE: { retry: 'counted', grpc: 'DEADLINE_EXCEEDED', when: 'A call or stage took longer than its time.', fix: 'Raise executionTimeout, or run smaller intervals.' },
  CANCELLED: { retry: 'never', grpc: 'CANCELLED', when: 'The caller cancelled the work.', fix: 'Nothing; run it again when wanted.' },
  INTERNAL: { retry: 'counted', grpc: 'INTERNAL', when: 'Something happened that Weir did not foresee.', fix: 'Look at the service log for the trace named; report it if it repeats.' },
  // Start-up
  PORT_TAKEN: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'A port that was asked for is in use.', fix: 'Choose another port, or stop the program that holds it.' },
  SERVER_FAILED: { retry: 'never', grpc: 'FAILED_PRECONDITION', when: 'A server could not be found, built or started.', fix: 'Run `weir doctor`; it names what is missing.' },
  PLATFORM_DOWN: { retry: 'never', grpc: 'UNAVAILABLE', when: 'The platform does not run where the command looked for it.', fix: 'Start it with `weir up --detach`.' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** Codes that Temporal must not retry: everything but the counted and transient ones. */
export const NON_RETRYABLE: readonly ErrorCode[] = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => ERRORS[code].retry === 'never');

export interface ErrorFields {
  readonly code: ErrorCode;
  /** What is wrong, with the value that is wrong. Never a payload or a secret. */
  readonly message: string;
  /** file:line:column, or the name of the thing that failed. */
  readonly place?: string | undefined;
  /** What to do; the table's text when absent. */
  readonly fix?: string | undefined;
  /** Up to five short reasons, such as "2010-12-01.csv:17: required:stock_code". */
  readonly samples?: readonly string[] | undefined;
  readonly stage?: string | undefined;
}

const MARK = Symbol.for('weir.error');

/** The one error class. `isWeirError` recognises it across copies of this module (jest, workflow sandbox). */
export class WeirError extends Error {
  readonly [MARK] = true;
  readonly code: ErrorCode;
  readonly place: string | undefined;
  readonly fix: string;
  readonly samples: readonly string[];
  readonly stage: string | undefined;

  constructor(fields: ErrorFields, options?: { cause?: unknown }) {
    super(fields.message, options);
    this.name = 'WeirError';
    this.code = fields.code;
    this.place = fields.place;
    this.fix = fields.fix ?? ERRORS[fields.code].fix;
    this.samples = (fields.samples ?? []).slice(0, 5);
    this.stage = fields.stage;
  }

  get retry(): Retry {
    return ERRORS[this.code].retry;
  }
}

export function isWeirError(value: unknown): value is WeirError {
  return typeof value === 'object' && value !== null && MARK in value;
}

/** Any thrown value as a WeirError; what is not one becomes INTERNAL with its message. */
export function toWeirError(value: unknown): WeirError {
  if (isWeirError(value)) return value;
  // Not instanceof: errors of other realms (the workflow sandbox, test environments) have another Error.
  const message = typeof value === 'object' && value !== null && 'message' in value ? String(value.message) : String(value);
  return new WeirError({ code: 'INTERNAL', message }, { cause: value });
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

/** The terminal form of an error: code and place, what, samples, fix. */
export function formatError(error: ErrorFields & { fix?: string | undefined }): string {
  const lines = [error.place ? `${error.code}  ${error.place}` : error.code, `  ${error.message}`];
  for (const sample of error.samples ?? []) lines.push(`    ${sample}`);
  lines.push(`  Fix: ${error.fix ?? ERRORS[error.code].fix}`);
  return lines.join('\n');
}
