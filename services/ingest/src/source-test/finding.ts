import { toWeirError, type ErrorCode, type WeirError } from '@weir/core';
import type { SourceFinding } from '@weir/rpc';

/** What is wrong, and what to do. */
interface Fault {
  readonly code: ErrorCode;
  readonly told: string;
  readonly fix: string;
  readonly place?: string | undefined;
}

/** A thing that is as it should be; `fix` where it could be better all the same. */
export function right(what: string, told: string, { place = '', fix = '' }: { readonly place?: string; readonly fix?: string } = {}): SourceFinding {
  return { what, right: true, told, fix, code: '', place };
}

export function wrong(what: string, { code, told, fix, place = '' }: Fault): SourceFinding {
  return { what, right: false, told, fix, code, place };
}

/** Codes that say that the system was reached, and what was asked for is not there. */
const OF_DATA: ReadonlySet<ErrorCode> = new Set(['SOURCE_MISSING', 'SOURCE_UNREADABLE', 'INVALID_INTERVAL', 'INVALID_VALUE', 'TOPIC_MISSING', 'FILE_MALFORMED', 'FILE_TOO_LARGE', 'FILE_TRUNCATED']);

/** A failure to read as a finding: of the data where its code, or its place, is about that, of the connection otherwise. */
export function failed(thrown: unknown, asked?: string): SourceFinding {
  const error = toWeirError(thrown);
  return faulty(OF_DATA.has(error.code) || (asked !== undefined && error.place === asked) ? 'data' : 'connection', error);
}

export function faulty(what: string, { code, message, fix, place }: WeirError): SourceFinding {
  return wrong(what, { code, told: message, fix, place });
}
