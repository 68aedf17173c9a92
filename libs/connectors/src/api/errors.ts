import { isWeirError, WeirError } from '@weir/core';

/** Node's and OpenSSL's names for what can be wrong with a certificate. */
const CERTIFICATE = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|ERROR_IN_CERT_)/;
/** The other side speaks no TLS, or none that this machine does. */
const PROTOCOL = /^(EPROTO|ERR_SSL_)/;

/**
 * A failure of a connection as a WeirError. What passes by itself (no connection, a broken one, a damaged answer) is UNAVAILABLE, a certificate that is not trusted SOURCE_REFUSED.
 * `place` is host:port. Requests and headers never are in it.
 */
export function exchangeError(error: unknown, place: string, signal: AbortSignal): WeirError {
  if (signal.aborted) return cancelled();
  if (isWeirError(error)) return error;
  const { code = '', message, syscall } = error as { code?: string; message?: string; syscall?: string };
  // The parser's errors carry the bytes that they stumbled over.
  const options = syscall === undefined ? {} : { cause: error };
  if (CERTIFICATE.test(code)) return new WeirError({ code: 'SOURCE_REFUSED', message: `The certificate of ${place} is not trusted: ${message} [${code}].`, place, fix: 'Correct the host, or let the operator trust its authority (NODE_EXTRA_CA_CERTS of the service).' });
  if (PROTOCOL.test(code)) return new WeirError({ code: 'SOURCE_REFUSED', message: `${place} does not speak TLS as this machine does [${code}].`, place, fix: 'Correct the port, or `tls` of the connection.' });
  if (code === 'ERR_INVALID_CHAR' || code === 'ERR_UNESCAPED_CHARACTERS') return new WeirError({ code: 'INVALID_VALUE', message: `A header or path for ${place} has characters that cannot stand there.`, place, fix: 'Look at the headers of the connection, and at the secrets that it names: line ends at their ends, for one.' });
  if (code === 'HPE_HEADER_OVERFLOW') return new WeirError({ code: 'SOURCE_REFUSED', message: `${place} sends an answer with more than 16 KiB of headers.`, place });
  return new WeirError({ code: 'UNAVAILABLE', message: `${place} does not answer: ${message ?? String(error)}.`, place }, options);
}

export function cancelled(): WeirError {
  return new WeirError({ code: 'CANCELLED', message: 'Reading an API was cancelled.' });
}
