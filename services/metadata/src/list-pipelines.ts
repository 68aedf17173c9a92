import type { ListPipelinesRequest, ListPipelinesResponse } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { rowsOf } from './rows';
import { resetUpTo, takeOf, type TakeRow } from './takes';

// `track`: the source is read in sequence.
const LIST = `
  select p.name, p.version, p.snapshot, d.applied_at, coalesce(r.status, '') as status, d.body #>> '{source,dataset}' as dataset, d.body #>> '{source,track}' as track, to_json(t) as take
  from metadata.pipeline p
  join metadata.definition d on d.pipeline = p.name and d.version = p.version
  left join lateral (select status from metadata.run where pipeline = p.name order by fence desc limit 1) r on true
  left join lateral (select * from metadata.take where pipeline = p.name and partition > ${resetUpTo('p.name')} order by partition desc limit 1) t on true
  order by p.name`;

interface Row {
  name: string;
  version: number;
  snapshot: number;
  applied_at: Date;
  status: string;
  dataset: string;
  track: string | null;
  take: TakeRow | null;
}

/** All pipelines by name; the last run's status is the name of a RunStatus. */
export async function listPipelines({ pool }: Pick<Dependencies, 'pool'>, _request: ListPipelinesRequest): Promise<ListPipelinesResponse> {
  const rows = await rowsOf<Row>(pool, LIST);
  return {
    pipelines: rows.map((row) => ({
      pipeline: row.name,
      version: row.version,
      appliedAt: row.applied_at.toISOString(),
      lastRunStatus: row.status,
      snapshot: row.snapshot,
      ...(row.track === null ? {} : { source: { dataset: row.dataset, position: row.take ? takeOf(row.take) : undefined } }),
    })),
  };
}
