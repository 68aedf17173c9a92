import type { ClientBase } from 'pg';
import { isOfTopic, place } from './stream-order';
import type { StreamTable } from './stream-table';

/** Records of a partition of the topic, [from, to) by offset, of which a snapshot says what is to become of them. */
export interface CoveredRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** Puts the ranges into a temporary table of the transaction; no two of them may overlap. */
export async function createCovered(client: ClientBase, ranges: readonly CoveredRange[]): Promise<void> {
  await client.query('create temporary table _weir_covered (log_partition integer not null, first bigint not null, next bigint not null, primary key (log_partition, first)) on commit drop');
  await client.query('insert into _weir_covered select * from unnest($1::integer[], $2::bigint[], $3::bigint[])', [ranges.map(({ partition }) => partition), ranges.map(({ from }) => from), ranges.map(({ to }) => to)]);
  await client.query('analyze _weir_covered');
}

/** SQL that is true when the record of a row is one of them; never null. */
export function isCovered({ topic }: StreamTable, alias: string): string {
  const [partition, offset] = place(alias);
  // The last range that begins at the offset or before it: a look into the index, however many there are.
  const next = `(select c.next from _weir_covered c where c.log_partition = ${partition} and c.first <= ${offset} order by c.first desc limit 1)`;
  return `case when ${isOfTopic(topic, alias)} then coalesce(${next} > ${offset}, false) else false end`;
}
