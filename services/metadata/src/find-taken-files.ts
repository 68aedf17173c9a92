import { WeirError } from '@weir/core';
import type { FindTakenFilesRequest, FindTakenFilesResponse, TakenFile } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { SIGHTING } from './forget-files';
import { readPipeline } from './pipelines';
import { rowsOf } from './rows';
import { resetUpTo } from './takes';

const MOST_NAMES = 5_000;

const FIND = `
  select distinct on (f.name) f.partition, f.name, f.bytes, f.sha256, f.stamp
  from metadata.taken_file f where f.pipeline = $1 and f.name = any ($2::text[]) and f.partition > ${resetUpTo('$1')}
  order by f.name, f.partition desc`;

// A table of a million names is not written anew with every listing.
const SEEN = `update metadata.taken_file set seen_at = now() where pipeline = $1 and name = any ($2::text[]) and seen_at < now() - interval '${SIGHTING}'`;

/** Those of some names, which the source has, that a pipeline has taken since its source began, or was reset, each as it was taken last. Throws PIPELINE_NOT_FOUND, and INVALID_VALUE for more than 5,000 names. */
export async function findTakenFiles({ pool }: Pick<Dependencies, 'pool'>, { pipeline, names }: FindTakenFilesRequest): Promise<FindTakenFilesResponse> {
  if (names.length > MOST_NAMES) throw new WeirError({ code: 'INVALID_VALUE', message: `There are ${names.length} names, more than ${MOST_NAMES}.` });
  await readPipeline(pool, pipeline);
  // No name that was taken has a NUL, and Postgres takes none.
  const listed = [pipeline, names.filter((name) => !name.includes('\0'))];
  await rowsOf(pool, SEEN, listed);
  return { files: await rowsOf<TakenFile>(pool, FIND, listed) };
}
