import { isWeirError, WeirError, type ErrorCode } from '@weir/core';

/** Longest part of the engine's own message that is passed on. */
const MAX_MESSAGE = 500;

/** What the engine says when `errors_as_json` is set. */
export interface EngineReport {
  readonly exception_type: string;
  readonly exception_message: string;
  /** Offset in bytes within the statement, as text. */
  readonly position?: string | undefined;
}

/** Kinds of failure that lie in the SQL and the data it was given. */
const DATA_KINDS: ReadonlySet<string> = new Set(['Binder', 'Catalog', 'Constraint', 'Conversion', 'Decimal', 'Divide by Zero', 'Invalid Input', 'Mismatch Type', 'Invalid Type', 'Out of Range', 'Parameter Not Resolved', 'Parser', 'Permission', 'Syntax']);

/** The engine's own report of a failure; undefined for what did not come from the engine. */
export function engineReport(error: unknown): EngineReport | undefined {
  const message = messageOf(error);
  try {
    const parsed: unknown = JSON.parse(message);
    if (typeof parsed === 'object' && parsed !== null && 'exception_type' in parsed && 'exception_message' in parsed) return parsed as EngineReport;
  } catch {
    // A few failures come as plain text: "IO Error: …".
    const match = /^([A-Za-z ]+?) Error: ([\s\S]*)$/.exec(message);
    if (match) return { exception_type: match[1] ?? '', exception_message: match[2] ?? '' };
  }
  return undefined;
}

/** What failed, by its error: the text of the statement from there on. */
const failedTexts = new WeakMap<WeirError, string>();

/** The statement from the place on where the engine failed; undefined where it names none. */
export function failedText(error: WeirError): string | undefined {
  return failedTexts.get(error);
}

/** A failure of a statement, of this text where it is known, as a WeirError; `place` names the statement, such as a model. */
export function mapEngineError(error: unknown, place: string, sql?: string): WeirError {
  if (isWeirError(error)) return error;
  const report = engineReport(error);
  const text = report?.exception_message ?? messageOf(error);
  const code = codeOf(report?.exception_type ?? '', text);
  const mapped = new WeirError({ code, message: shorten(text), place }, { cause: error });
  if (sql !== undefined && report?.position !== undefined) failedTexts.set(mapped, Buffer.from(sql).subarray(Number(report.position)).toString());
  return mapped;
}

function codeOf(kind: string, text: string): ErrorCode {
  if (kind === 'INTERRUPT' || kind === 'Interrupt') return 'CANCELLED';
  if (/no space left on device|disk quota exceeded/i.test(text)) return 'DISK_FULL';
  if (kind === 'Out of Memory') return 'MEMORY_LIMIT';
  if (/no files found|no magic bytes|too small to be a parquet file|failed to read parquet|cannot open file/i.test(text)) return 'SEGMENT_CORRUPT';
  return DATA_KINDS.has(kind) ? 'MODEL_FAILED' : 'ENGINE_FAILED';
}

/** The first paragraph: what follows is advice on settings that users cannot change here. */
function shorten(text: string): string {
  const first = (text.split('\n\n')[0] ?? '').trim();
  return first.length > MAX_MESSAGE ? `${first.slice(0, MAX_MESSAGE)}…` : first;
}

/** Not by `instanceof`: an error of a native module is of another realm under jest. */
function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
