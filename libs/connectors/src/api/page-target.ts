import { WeirError, type ApiConnectionSettings, type ApiSource, type Interval } from '@weir/core';
import type { PagePosition } from './page-position';

/** What is read of an API: one grain, or all where there are no intervals. */
export interface ApiSlice {
  readonly partition: string;
  readonly interval?: Interval | undefined;
}

const LONGEST_NAME = 100;

/** Path and query of a page, without the login's. Throws INVALID_VALUE for a path with a query of its own. */
export function targetOf(source: ApiSource, { basePath }: ApiConnectionSettings, slice: ApiSlice, position: PagePosition): string {
  if (source.pages.by === 'link' && position.next !== undefined) return position.next;
  if (/[?#]/.test(source.path)) throw new WeirError({ code: 'INVALID_VALUE', message: `\`source.path\` is \`${source.path}\`, which is more than a path.`, fix: 'Write its parameters into `source.query`.' });
  const { pages } = source;
  const size: [string, string][] = 'sizeParameter' in pages && pages.sizeParameter !== undefined && pages.size !== undefined ? [[pages.sizeParameter, String(pages.size)]] : [];
  // Of one name the last holds: what a request needs goes before what the definition says of all requests.
  const parameters = new Map([...Object.entries(source.query), ...size, ...intervalParameters(source, slice), ...pageParameter(source, position)]);
  const query = [...parameters].map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(whole(value))}`).join('&');
  return `${encodePath(basePath + source.path)}${query === '' ? '' : `?${query}`}`;
}

/** A page's name for people, the same for the same page: path, interval and page, never a cursor or a link. */
export function nameOf(source: ApiSource, slice: ApiSlice, position: PagePosition): string {
  const { by } = source.pages;
  const led = by === 'cursor' || by === 'link';
  const shown = [...intervalParameters(source, slice), ...(led ? [] : pageParameter(source, position))].map(([name, value]) => `${name}=${value}`).join('&');
  return `${source.path.replace(/^\/+/, '').slice(-LONGEST_NAME)}${shown === '' ? '' : `?${shown}`}${led ? `#${position.number}` : ''}`;
}

function intervalParameters({ interval: parameters }: ApiSource, { interval }: ApiSlice): [string, string][] {
  if (!parameters || !interval) return [];
  const text = (instant: string): string => {
    switch (parameters.format) {
      case 'iso':
        return instant;
      case 'epoch_s':
        return String(Date.parse(instant) / 1_000);
      case 'epoch_ms':
        return String(Date.parse(instant));
    }
  };
  return [[parameters.from, text(interval.start)], [parameters.to, text(interval.end)]];
}

function pageParameter({ pages }: ApiSource, { number, offset, next }: PagePosition): [string, string][] {
  switch (pages.by) {
    case 'page':
      return [[pages.parameter, String(pages.first + number - 1)]];
    case 'offset':
      return [[pages.parameter, String(pages.first + offset)]];
    case 'cursor':
      return next === undefined ? [] : [[pages.parameter, next]];
    case 'none':
    case 'link':
      return [];
  }
}

/** Leaves what is encoded already. */
function encodePath(path: string): string {
  return whole(path).replace(/[^A-Za-z0-9\-._~/%:@!$&'()*+,;=]/gu, encodeURIComponent);
}

/** Half a character cannot be sent. */
function whole(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd');
}
