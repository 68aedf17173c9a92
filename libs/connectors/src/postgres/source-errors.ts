import { isWeirError, WeirError, type ErrorCode } from '@weir/core';

interface Meaning {
  readonly code: ErrorCode;
  readonly fix?: string;
}

const LOGIN: Meaning = { code: 'SOURCE_REFUSED', fix: "Correct the connection's user and the secret of its password; the server must let the user in from here." };
const TLS: Meaning = { code: 'SOURCE_REFUSED', fix: 'Give the server a certificate for the host that the connection names, from an authority that the service knows (NODE_EXTRA_CA_CERTS adds one); or say `tls: false` where the network is trusted.' };
const UNREADABLE: Meaning = { code: 'SOURCE_UNREADABLE', fix: 'Correct the rows, or the view that computes them.' };

/** By SQLSTATE, the longest prefix first (PostgreSQL documentation, appendix A). */
const BY_STATE: readonly (readonly [string, Meaning])[] = [
  ['57014', { code: 'DEADLINE' }],
  ['25P04', { code: 'DEADLINE' }],
  ['25P03', { code: 'UNAVAILABLE' }],
  ['53100', { code: 'DISK_FULL', fix: 'Free some space on the source; the run goes on by itself.' }],
  ['55P03', { code: 'BUSY', fix: 'Nothing; the run goes on once whoever changes the table lets go of it.' }],
  ['40001', { code: 'BUSY', fix: 'Nothing; the run goes on by itself. If it never gets through, this is a standby that does not wait for readers: raise its max_standby_streaming_delay, or set hot_standby_feedback.' }],
  ['28', LOGIN],
  ['3D', { code: 'SOURCE_REFUSED', fix: "Correct the connection's database." }],
  ['42501', { code: 'SOURCE_REFUSED', fix: "Grant the connection's user usage of the schema and select on the table." }],
  ['42P01', { code: 'SOURCE_REFUSED', fix: 'Correct `source.table`.' }],
  ['3F', { code: 'SOURCE_REFUSED', fix: 'Correct `source.table`.' }],
  ['22', UNREADABLE],
  ['58', { code: 'SOURCE_UNREADABLE', fix: "Look at the server's log: its disk does not give what it holds." }],
  ['XX', { code: 'SOURCE_UNREADABLE', fix: "Look at the server's log: the table may be damaged." }],
  ['40', { code: 'BUSY' }],
  ['53', { code: 'BUSY' }],
  ['08', { code: 'UNAVAILABLE' }],
  ['57P', { code: 'UNAVAILABLE' }],
];

const SOCKET_ERRORS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ERR_STREAM_PREMATURE_CLOSE']);
const LOST = /Query read timeout|Connection terminated|timeout expired|Client has encountered a connection error|Client was closed/;
const TLS_REFUSED = /does not support SSL connections|establishing an SSL connection|socket disconnected before secure TLS connection/;
const TLS_CODES = /^(ERR_TLS_|ERR_SSL_|EPROTO|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)/;

/**
 * A failure of a source as a WeirError; `place` is the table, or the server while it is not reached. What passes by itself is transient, what a person must change is SOURCE_REFUSED.
 * Messages carry no row values: DETAIL and what data errors quote are left out.
 */
export function mapSourceError(error: unknown, place: string): WeirError {
  if (isWeirError(error)) return error;
  const { code = '', message = String(error) } = (typeof error === 'object' && error !== null ? error : {}) as { code?: string; message?: string };
  const state = /^[0-9A-Z]{5}$/.test(code) && !SOCKET_ERRORS.has(code) ? code : '';
  const meaning = state ? (BY_STATE.find(([prefix]) => state.startsWith(prefix))?.[1] ?? { code: 'SOURCE_REFUSED' as const }) : unstated(code, message);
  const safe = meaning === UNREADABLE ? message.replace(/".*"/s, '"…"') : message;
  return new WeirError({ code: meaning.code, message: `Postgres: ${safe || code}${state ? ` [${state}]` : ''}`, place, fix: meaning.fix }, { cause: error });
}

/** Of what the server did not say. */
function unstated(code: string, message: string): Meaning {
  if (TLS_CODES.test(code) || TLS_REFUSED.test(message)) return TLS;
  if (/^(SASL|SCRAM)/.test(message)) return LOGIN;
  return { code: SOCKET_ERRORS.has(code) || LOST.test(message) ? 'UNAVAILABLE' : 'INTERNAL' };
}
