import { isWeirError, WeirError } from '@weir/core';

/** Node's and OpenSSL's names for what can be wrong with a certificate, or with the other side's idea of TLS. */
const CERTIFICATE = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|ERROR_IN_CERT_)/;
const NO_TLS = /^(EPROTO|ERR_SSL_)/;
const TOLD_CHARACTERS = 200;

/** A failure of a connection as a WeirError: UNAVAILABLE, as connections come back; SOURCE_REFUSED where TLS does not come about. `store`: host:port, or what else says which it is. */
export function lineError(error: unknown, store: string): WeirError {
  if (isWeirError(error)) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const place = store;
  if (CERTIFICATE.test(code)) return new WeirError({ code: 'SOURCE_REFUSED', message: `The certificate of the store at ${store} is not trusted (${code}).`, place, fix: 'Correct the host, or let the operator trust its authority with NODE_EXTRA_CA_CERTS.' });
  if (NO_TLS.test(code)) return new WeirError({ code: 'SOURCE_REFUSED', message: `The store at ${store} does not speak TLS as this machine does (${code}).`, place, fix: 'Correct the port, or `tls` of the connection.' });
  return new WeirError({ code: 'UNAVAILABLE', message: `The store at ${store} does not answer (${code === '' ? message.slice(0, TOLD_CHARACTERS) : code}).`, place });
}
