import { WeirError, type ApiConnectionSettings } from '@weir/core';

/**
 * Path and query of the page that a link leads to, without the parameter that has the API's key. Throws SOURCE_REFUSED for a link to another scheme, host or port: it could carry the login there, or the request to a place
 * that only this machine reaches.
 */
export function nextTarget(link: string, { tls, host, port, login }: ApiConnectionSettings, current: string): string {
  const origin = `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const base = new URL(current, origin);
  const url = URL.canParse(link, base.href) ? new URL(link, base) : undefined;
  if (!url || url.origin !== base.origin || url.username !== '' || url.password !== '') {
    throw new WeirError({ code: 'SOURCE_REFUSED', message: `The link to the next page leads to ${url && url.origin !== 'null' ? url.origin : 'no address'}, away from ${base.origin}.`, place: `${host}:${port}`, fix: 'Have the API link to its own address, or correct scheme, host and port of the connection.' });
  }
  if (login?.type === 'apiKey' && login.in === 'query') url.searchParams.delete(login.name);
  return url.pathname + url.search;
}
