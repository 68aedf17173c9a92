import { WeirError } from '@weir/core';
import type { Accounts } from '@weir/rpc';
import type pg from 'pg';

/** The accounts of one partition of a run. */
export interface PartitionAccounts extends Accounts {
  readonly partition: string;
}

/** The sum of all partitions. Throws INTERNAL unless read = admitted + duplicate + quarantined + filtered in each of them. */
export function closeAccounts(partitions: readonly PartitionAccounts[]): Accounts {
  const sum = { read: 0, admitted: 0, duplicate: 0, quarantined: 0, filtered: 0 };
  for (const { partition, read, admitted, duplicate, quarantined, filtered } of partitions) {
    if (read !== admitted + duplicate + quarantined + filtered) {
      throw new WeirError({ code: 'INTERNAL', message: `The accounts of ${partition} do not close: ${read} read, ${admitted} admitted, ${duplicate} duplicate, ${quarantined} quarantined, ${filtered} filtered.` });
    }
    sum.read += read;
    sum.admitted += admitted;
    sum.duplicate += duplicate;
    sum.quarantined += quarantined;
    sum.filtered += filtered;
  }
  return sum;
}

const INSERT = `insert into quality.account (pipeline, run_id, partition, read, admitted, duplicate, quarantined, filtered)
select $1, $2, a.* from unnest($3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[]) as a
on conflict (pipeline, run_id, partition) do update set
  read = excluded.read, admitted = excluded.admitted, duplicate = excluded.duplicate, quarantined = excluded.quarantined, filtered = excluded.filtered, recorded_at = now()`;

/** Records the accounts of a run on an open transaction; a later attempt of the run replaces them. */
export async function recordAccounts(client: pg.ClientBase, pipeline: string, runId: string, accounts: readonly PartitionAccounts[]): Promise<void> {
  const columns = (['read', 'admitted', 'duplicate', 'quarantined', 'filtered'] as const).map((name) => accounts.map((account) => account[name]));
  await client.query(INSERT, [pipeline, runId, accounts.map(({ partition }) => partition), ...columns]);
}
