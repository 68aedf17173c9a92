/** How a test's API gives its pages. */
export interface ApiPaging {
  readonly by: 'none' | 'page' | 'offset' | 'cursor' | 'link';
  /** Records a page, unless the request asks for another number. */
  readonly size: number;
  /** The query parameter of the page, the offset or the cursor; `page`, `offset` or `cursor` when absent. */
  readonly parameter?: string;
  /** The number of the first page; 1 when absent. */
  readonly first?: number;
  /** The query parameter that asks for a size, and the largest one that is given. */
  readonly sizeParameter?: string;
  readonly mostRecords?: number;
  /** Where in the document the records are, such as `data.items`; the document is the list when absent. */
  readonly records?: string;
  /** Where the cursor of the next page is; `next` when absent. Of links: where the address of the next page is, which is in the Link header when absent. */
  readonly next?: string;
}

/** A page as the API writes it; undefined for a cursor that it never gave. */
export interface GivenPage {
  readonly body: string;
  readonly link?: string;
}

/** The page that a request asks for, out of all records that it is about, each a JSON text; `address` is what links begin with. */
export function givenPage(records: readonly string[], paging: ApiPaging, url: URL): GivenPage | undefined {
  const { by, first = 1, size: usual, sizeParameter, mostRecords = Infinity } = paging;
  const query = url.searchParams;
  const size = by === 'none' ? records.length : Math.min(Number((sizeParameter && query.get(sizeParameter)) ?? usual), mostRecords);
  const asked = query.get(paging.parameter ?? (by === 'link' ? 'page' : by));
  const from = by === 'cursor' ? offsetOf(asked) : by === 'offset' ? Number(asked ?? 0) : by === 'none' ? 0 : (Number(asked ?? first) - first) * size;
  if (from === undefined) return undefined;
  const to = from + size;
  const more = to < records.length;
  const fields: [string, string][] = [[paging.records ?? '', `[${records.slice(from, to).join(',')}]`]];
  if (by === 'cursor') fields.push([paging.next ?? 'next', more ? JSON.stringify(cursorOf(to)) : 'null']);
  const next = new URL(url);
  next.searchParams.set(paging.parameter ?? 'page', String(Number(asked ?? first) + 1));
  if (by === 'link' && paging.next !== undefined) fields.push([paging.next, more ? JSON.stringify(next.href) : 'null']);
  const body = document(fields);
  return by === 'link' && paging.next === undefined && more ? { body, link: `<${next.href}>; rel="next", <${url.origin}/>; rel="first"` } : { body };
}

/** Nobody can guess it from the number of a page. */
function cursorOf(offset: number): string {
  return Buffer.from(`at ${offset}`).toString('base64');
}

function offsetOf(cursor: string | null): number | undefined {
  if (cursor === null) return 0;
  const [, digits] = /^at (\d+)$/.exec(Buffer.from(cursor, 'base64').toString()) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** A document with values at paths; the value itself for an empty path. Numbers stay as they were written. */
function document(fields: readonly (readonly [string, string])[]): string {
  const [, whole] = fields.find(([path]) => path === '') ?? [];
  if (whole !== undefined) return whole;
  const groups = new Map<string, [string, string][]>();
  for (const [path, value] of fields) {
    const [name = '', ...rest] = path.split('.');
    groups.set(name, [...(groups.get(name) ?? []), [rest.join('.'), value]]);
  }
  return `{${[...groups].map(([name, inside]) => `${JSON.stringify(name)}:${document(inside)}`).join(',')}}`;
}
