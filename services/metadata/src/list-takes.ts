import { parseInterval, WeirError, type Interval, type Take } from '@weir/core';
import type { ListTakesRequest, ListTakesResponse, TakenFile } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { pagesOf } from './pages';
import { readDefinition, readPipeline } from './pipelines';
import { rowsOf, type Queryable } from './rows';
import { inOneView } from './session';
import { lastTake, takesIn } from './takes';

/**
 * Where a source that is read in sequence stands, and what the intervals of a range took, oldest first, in pages of about 1 MiB. What was pinned never changes, so pages that come later are of the same state.
 * Throws PIPELINE_NOT_FOUND and INVALID_INTERVAL.
 */
export async function listTakes({ pool }: Pick<Dependencies, 'pool'>, { pipeline, interval: asked, source }: ListTakesRequest, send: (page: ListTakesResponse) => Promise<void>): Promise<void> {
  const { version } = await readPipeline(pool, pipeline);
  const { grain } = await readDefinition(pool, pipeline, version);
  if (asked && grain === undefined) throw new WeirError({ code: 'INVALID_INTERVAL', message: `The pipeline ${pipeline} has no grain; its source has no intervals.`, fix: 'Leave the interval out.' });
  const interval = asked && grain !== undefined ? parseInterval(asked.start, asked.end, grain) : undefined;
  const { last, position, takes, files } = await inOneView(pool, async (view) => ({
    last: await lastTake(view, pipeline),
    position: await lastTake(view, pipeline, source),
    takes: interval ? await takesIn(view, pipeline, interval) : [],
    files: interval ? await filesIn(view, pipeline, interval) : [],
  }));
  await send({ last, position, takes: [], files: [] });
  for (const page of pagesOf(takes, takeBytes)) if (page.length > 0) await send({ takes: page, files: [] });
  for (const page of pagesOf(files, fileBytes)) if (page.length > 0) await send({ takes: [], files: page });
}

const FILES_IN = `
  select partition, name, bytes, sha256, stamp from metadata.taken_file
  where pipeline = $1 and partition >= $2 and partition < $3 order by partition, ordinal`;

async function filesIn(db: Queryable, pipeline: string, { start, end }: Interval): Promise<TakenFile[]> {
  return rowsOf<TakenFile>(db, FILES_IN, [pipeline, start, end]);
}

/** Tags, lengths, numbers and the partition. */
const OVERHEAD = 64;

function takeBytes({ source, from, to, newest }: Take): number {
  return Buffer.byteLength(source) + from.length + to.length + Buffer.byteLength(newest) + OVERHEAD;
}

function fileBytes({ name, sha256, stamp }: TakenFile): number {
  return Buffer.byteLength(name) + sha256.length + Buffer.byteLength(stamp) + OVERHEAD;
}
