import { isWeirError, WeirError, type ErrorCode } from '@weir/core';

interface Meaning {
  readonly code: ErrorCode;
  readonly fix?: string;
}

const NOT_ALLOWED: Meaning = { code: 'TOPIC_MISSING', fix: "Grant the connection's user the right to use the topic and its group." };
const LOGIN: Meaning = { code: 'INVALID_VALUE', fix: "Correct the connection's user, password and mechanism." };
const TOO_LARGE: Meaning = { code: 'INVALID_VALUE', fix: "Send smaller records, or raise the topic's max.message.bytes." };

/** By the type of Kafka's error, or the name of the client's. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  UNKNOWN_TOPIC_OR_PARTITION: { code: 'TOPIC_MISSING' },
  INVALID_TOPIC_EXCEPTION: { code: 'TOPIC_MISSING', fix: 'Correct `source.topic`: Kafka does not take that name.' },
  TOPIC_AUTHORIZATION_FAILED: NOT_ALLOWED,
  GROUP_AUTHORIZATION_FAILED: NOT_ALLOWED,
  CLUSTER_AUTHORIZATION_FAILED: NOT_ALLOWED,
  SASL_AUTHENTICATION_FAILED: LOGIN,
  UNSUPPORTED_SASL_MECHANISM: LOGIN,
  ILLEGAL_SASL_STATE: LOGIN,
  KafkaJSSASLAuthenticationError: LOGIN,
  OFFSET_OUT_OF_RANGE: { code: 'POSITION_LOST' },
  MESSAGE_TOO_LARGE: TOO_LARGE,
  RECORD_LIST_TOO_LARGE: TOO_LARGE,
  INVALID_TIMESTAMP: { code: 'INVALID_VALUE', fix: "Send timestamps within the topic's message.timestamp.before.max.ms and message.timestamp.after.max.ms." },
  INVALID_RECORD: { code: 'INVALID_VALUE', fix: 'Send records that the topic takes: a compacted one needs keys.' },
};

/** The client's own errors that say that no broker answered. */
const UNREACHED = /^KafkaJS(Connection|ConnectionClosed|RequestTimeout|BrokerNotFound|MetadataNotLoaded|TopicMetadataNotLoaded|GroupCoordinatorNotFound|Timeout|LockTimeout|NoBrokerAvailable)(Error)?$/;
const SOCKET_ERRORS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']);
/** Tries and wrappers are nested a few levels deep. */
const MOST_CAUSES = 8;

/**
 * A failure of Kafka or of its client as a WeirError; `place` is a topic, with partition and offset where they are known. What passes by itself (no broker, no leader, a timeout) is
 * UNAVAILABLE, a topic that is not there or not allowed TOPIC_MISSING, a refused login INVALID_VALUE.
 */
export function mapKafkaError(error: unknown, place: string | undefined): WeirError {
  if (isWeirError(error)) return error;
  const chain = causesOf(error);
  const known = chain.map(({ type, name }) => MEANINGS[type] ?? MEANINGS[name]).find((meaning) => meaning !== undefined);
  const { message } = chain.at(-1) ?? { message: String(error) };
  const code = known?.code ?? (chain.some(({ name, code: socket, retriable }) => UNREACHED.test(name) || SOCKET_ERRORS.has(socket) || retriable) ? 'UNAVAILABLE' : 'INTERNAL');
  return new WeirError({ code, message: `Kafka: ${message}`, place, fix: known?.fix }, { cause: error });
}

interface Cause {
  readonly name: string;
  readonly message: string;
  readonly type: string;
  readonly code: string;
  readonly retriable: boolean;
}

/** The error and what it wraps, the innermost last. */
function causesOf(error: unknown): Cause[] {
  const causes: Cause[] = [];
  for (let next = error; typeof next === 'object' && next !== null && causes.length < MOST_CAUSES; ) {
    const { name, message, type, code, retriable, cause } = next as { name?: unknown; message?: unknown; type?: unknown; code?: unknown; retriable?: unknown; cause?: unknown };
    causes.push({ name: String(name), message: String(message), type: String(type), code: String(code), retriable: retriable === true });
    next = cause;
  }
  return causes;
}
