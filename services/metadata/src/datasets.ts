import { WeirError } from '@weir/core';
import { rowsOf, type Queryable } from './rows';

export interface Dataset {
  readonly id: number;
  readonly name: string;
}

/** The way of the data. */
const ZONES = ['raw', 'bronze', 'silver', 'gold'];

/** All datasets that a pipeline has or had, ordered by zone and name. */
export async function readDatasets(db: Queryable, pipeline: string): Promise<Dataset[]> {
  const rows = await rowsOf<Dataset & { zone: string }>(db, `select id, name, split_part(name, '.', 1) as zone from metadata.dataset where pipeline = $1 order by name`, [pipeline]);
  const place = ({ zone }: { zone: string }) => ZONES.indexOf(zone);
  return rows.sort((a, b) => place(a) - place(b));
}

/** The datasets of these names, in their order. Throws UNKNOWN_DATASET, naming those that there are. */
export async function findDatasets(db: Queryable, pipeline: string, names: readonly string[]): Promise<Dataset[]> {
  const all = await readDatasets(db, pipeline);
  return names.map((name) => {
    const found = all.find((dataset) => dataset.name === name);
    if (found) return found;
    throw new WeirError({ code: 'UNKNOWN_DATASET', message: `The pipeline ${pipeline} has no dataset \`${name}\`; it has ${all.map((dataset) => dataset.name).join(', ')}.` });
  });
}
