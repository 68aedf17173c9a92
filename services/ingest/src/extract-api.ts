import { ApiReader, type ApiSlice } from '@weir/connectors';
import { grainFrom, isWeirError, WeirError, WHOLE, type ApiSource, type Definition } from '@weir/core';
import type { Lake, Segment } from '@weir/lake';
import { withoutSpans, withSpan } from '@weir/platform';
import type { StageContext } from '@weir/rpc';
import type { ExtractCall } from './extract';
import { partitionsIn, type ExtractedFiles } from './extract-parts';
import { PageJournal, type StoredPage } from './page-journal';
import { connectionOf, type ConnectionDependencies } from './source-connections';
import { storePart } from './store-part';

/** Most pages of one run: keeps manifests and answers within their sizes. */
const MAX_PAGES = 20_000;

/** What extracting from an API takes. */
interface ApiDependencies extends ConnectionDependencies {
  readonly lake: Lake;
}

/** What pages of one run need. */
interface PageStore {
  readonly lake: Lake;
  readonly reader: ApiReader;
  readonly journal: PageJournal;
  readonly source: ApiSource;
  readonly context: StageContext;
  readonly scratch: string;
  readonly call: ExtractCall;
  /** All pages of the run until now, and those of them that an earlier attempt had stored. */
  readonly count: { pages: number; kept: number };
}

/**
 * Stores every page of an API for the partitions of a run, in their order. Pages that an earlier attempt of the run stored, and that are in the lake as they were, are not asked for again.
 * Throws UNKNOWN_CONNECTION, INVALID_INTERVAL, what ApiReader throws, and what the lake throws.
 */
export async function extractApi({ lake, egress, secretOf }: ApiDependencies, context: StageContext, definition: Definition, source: ApiSource, call: ExtractCall): Promise<ExtractedFiles> {
  const connection = connectionOf(definition, source.connection, 'api');
  const slices = slicesOf(context, definition, source);
  return withSpan('read api', { 'server.address': connection.host, 'server.port': connection.port, 'weir.dataset': source.dataset }, (span) =>
    // A span for each page would make the trace of a run as long as the API.
    withoutSpans(async () => {
      const count = { pages: 0, kept: 0 };
      const scratch = await lake.scratch(context.runId, context.attempt);
      try {
        const reader = new ApiReader(source, connection, { signal: call.signal, address: (host, port) => egress.address(host, port), secretOf });
        return { partitions: slices.map(({ partition }) => partition), segments: await readSlices({ lake, reader, source, context, scratch: scratch.dir, call, count }, slices) };
      } finally {
        span.setAttributes({ 'weir.pages': count.pages, 'weir.pages.kept': count.kept });
        await scratch.dispose();
      }
    }),
  );
}

function slicesOf({ interval }: StageContext, definition: Definition, source: ApiSource): ApiSlice[] {
  const { name, grain } = definition;
  if (source.interval && !interval) throw new WeirError({ code: 'INVALID_INTERVAL', message: `The pipeline ${name} has the grain ${grain}; a run needs an interval.` });
  return partitionsIn(interval, definition).map((partition) => ({ partition, ...(partition === WHOLE || grain === undefined ? {} : { interval: grainFrom(partition, grain) }) }));
}

async function readSlices(store: Omit<PageStore, 'journal'>, slices: readonly ApiSlice[]): Promise<Segment[]> {
  const segments: Segment[] = [];
  const journal = await PageJournal.open(store.lake, store.context);
  try {
    for (const slice of slices) segments.push(...(await readSlice({ ...store, journal }, slice)));
    return segments;
  } finally {
    store.reader.close();
    await journal.close();
  }
}

async function readSlice(store: PageStore, slice: ApiSlice): Promise<readonly Segment[]> {
  const kept = await keptPages(store, slice);
  const pages = [...kept];
  try {
    await readRest(store, slice, pages);
  } catch (error) {
    const { by } = store.source.pages;
    // Cursors grow old: the API may not know any more where the attempt before was.
    const forgotten = kept.length > 0 && pages.length === kept.length && (by === 'cursor' || by === 'link') && isWeirError(error) && error.code === 'SOURCE_REFUSED';
    if (!forgotten) throw error;
    count(store, { pages: -kept.length, kept: -kept.length });
    pages.length = 0;
    await readRest(store, slice, pages);
  }
  return pages.map(({ segment }) => segment);
}

/** The pages of earlier attempts up to the first one that is not in the lake as it was stored. */
async function keptPages(store: PageStore, { partition }: ApiSlice): Promise<readonly StoredPage[]> {
  const { lake, journal, call } = store;
  const stored = journal.pagesOf(partition);
  const kept: StoredPage[] = [];
  for (const page of stored) {
    if (call.signal.aborted) throw new WeirError({ code: 'CANCELLED', message: 'Reading an API was cancelled.' });
    if (!(await isStored(lake, page.segment))) break;
    kept.push(page);
    count(store, { pages: 1, kept: 1 });
  }
  if (kept.length < stored.length) await journal.cut(partition, kept.length);
  return kept;
}

async function isStored(lake: Lake, segment: Segment): Promise<boolean> {
  return lake.verify(segment).then(
    () => true,
    (error: unknown) => {
      if (isWeirError(error) && error.code === 'SEGMENT_CORRUPT') return false;
      throw error;
    },
  );
}

/** Stores what follows the pages, and adds it to them. */
async function readRest(store: PageStore, slice: ApiSlice, pages: StoredPage[]): Promise<void> {
  const { lake, reader, journal, source, context, scratch, call } = store;
  const last = pages.at(-1);
  if (last && !last.next) return;
  for await (const { number, next, ...part } of reader.pages(slice, last?.next)) {
    const segment = await storePart(part, { lake, pipeline: context.pipeline, dataset: source.dataset, scratch, signal: call.signal });
    const page = { number, segment, next };
    // After the page itself: what the journal names is there.
    await journal.add(slice.partition, page);
    pages.push(page);
    count(store, { pages: 1, kept: 0 });
  }
}

function count({ count: sum, source, call }: PageStore, more: PageStore['count']): void {
  sum.pages += more.pages;
  sum.kept += more.kept;
  call.report({ step: 'read pages', done: sum.pages, total: 0 });
  if (sum.pages > MAX_PAGES) throw new WeirError({ code: 'INVALID_VALUE', message: `The run takes more than ${MAX_PAGES} pages of ${source.path}.`, fix: 'Run a smaller interval, or ask for larger pages with `source.pages.size`.' });
}
