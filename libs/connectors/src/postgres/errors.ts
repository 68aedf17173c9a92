import { isWeirError, WeirError, type ErrorCode } from '@weir/core';

interface Meaning {
  readonly code: ErrorCode;
  readonly fix?: string;
}

/** By SQLSTATE, the longest prefix first (PostgreSQL documentation, appendix A). */
const BY_STATE: readonly (readonly [string, Meaning])[] = [
  ['57014', { code: 'DEADLINE' }],
  ['53100', { code: 'DISK_FULL', fix: 'Free some space on the destination; the run goes on by itself.' }],
  ['55P03', { code: 'BUSY' }],
  ['25P03', { code: 'UNAVAILABLE' }],
  ['28', { code: 'INVALID_VALUE', fix: "Correct the connection's user and password." }],
  ['3D', { code: 'INVALID_VALUE', fix: "Correct the connection's database, or create it." }],
  ['42501', { code: 'DESTINATION_INCOMPATIBLE', fix: "Grant the connection's user the right to create schemas and tables in the database." }],
  ['22', { code: 'MODEL_FAILED', fix: 'Correct the model: the destination cannot hold one of its values.' }],
  ['23', { code: 'MODEL_FAILED', fix: "Correct the model: its rows break the table's key." }],
  ['54', { code: 'MODEL_FAILED', fix: 'Correct the model: a row or key is too large for the destination.' }],
  ['44000', { code: 'MODEL_FAILED', fix: 'Correct the model: its rows are not what the table may hold.' }],
  ['P0001', { code: 'MODEL_FAILED', fix: 'Correct the model: a trigger of the table refuses its rows.' }],
  ['P0004', { code: 'MODEL_FAILED', fix: 'Correct the model: a trigger of the table refuses its rows.' }],
  ['2BP01', { code: 'DESTINATION_INCOMPATIBLE' }],
  ['08', { code: 'UNAVAILABLE' }],
  ['40', { code: 'BUSY' }],
  ['53', { code: 'BUSY' }],
  ['57P', { code: 'UNAVAILABLE' }],
];

const SOCKET_ERRORS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'ERR_STREAM_PREMATURE_CLOSE']);
const LOST = /Query read timeout|Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed/;

/** Whether a mapped failure is that of a table or column that is not there. */
export function isUndefined(error: unknown): boolean {
  const { cause } = isWeirError(error) ? error : {};
  return typeof cause === 'object' && cause !== null && 'code' in cause && (cause.code === '42P01' || cause.code === '42703');
}

/**
 * A failure of the destination as a WeirError; `place` is the table. Messages carry no row values: DETAIL and the values that
 * data errors quote are left out, the column named in the context of a COPY is kept.
 */
export function mapDestinationError(error: unknown, place: string | undefined): WeirError {
  if (isWeirError(error)) return error;
  const { code = '', message = String(error), where = '' } = (typeof error === 'object' && error !== null ? error : {}) as { code?: string; message?: string; where?: string };
  const state = /^[0-9A-Z]{5}$/.test(code) ? code : '';
  const meaning = BY_STATE.find(([prefix]) => state.startsWith(prefix))?.[1] ?? { code: SOCKET_ERRORS.has(code) || LOST.test(message) ? 'UNAVAILABLE' : 'INTERNAL' };
  const column = /^COPY .+, line \d+, column (\w+)/.exec(where)?.[1];
  const safe = safeMessage(state, message);
  return new WeirError(
    { code: meaning.code, message: `Postgres: ${safe || code}${column ? ` (column ${column})` : ''}${state ? ` [${state}]` : ''}`, place, fix: meaning.fix },
    { cause: error },
  );
}

/** Does something to a table; throws its failures as `mapDestinationError` has them. */
export async function placed<T>(label: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw mapDestinationError(error, label);
  }
}

/** Data errors quote values, and a trigger may say anything. */
function safeMessage(state: string, message: string): string {
  if (state === 'P0001' || state === 'P0004') return 'a trigger refuses it';
  return state.startsWith('22') ? message.replace(/".*"/s, '"…"') : message;
}
