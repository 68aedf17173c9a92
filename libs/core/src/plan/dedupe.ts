import type { ContractDataset } from '../contract/contract';
import { BROKEN_RULES, DISCARDS, ROW_ID } from '../contract/decode-sql';
import { quoteIdent } from '../sql/quote';

/** STRUCT column of decoded rows with what decoding says of them, by the names of decode-sql.ts; and as it is called where the rows are `d`. */
export const JUDGED_COLUMN = '_weir_judged';
export const JUDGED = `d.${JUDGED_COLUMN}`;

/** SQL that is true for the decoded rows that go on: they break no rule that refuses them, and none for which they are left out. */
export function goodSql(judged: string): string {
  return `(${judged}.${BROKEN_RULES} is null and ${judged}.${DISCARDS} is null)`;
}

/**
 * The good rows that another row of their partition stands for, with `conflict` for those that an immutable key refuses.
 * Only rows whose key occurs more than once are sorted: with one duplicate in a hundred that is nearly none of them.
 */
export function losersSql(dataset: ContractDataset): string {
  const { key, order, conflict } = contest(dataset);
  const good = `weir_decoded d join weir_files f on f.file = d._weir_file`;
  const keys = key.map((column) => `d.${column}`).join(', ');
  const repeated = `select ${keys}, f.part from ${good} where ${goodSql(JUDGED)} group by all having count(*) > 1`;
  const same = key.map((column) => `d.${column} = k.${column}`).join(' and ');
  const contested = `select d.rowid as ordinal, ${conflict} as conflict, row_number() over place as place from ${good} join (${repeated}) k on ${same} and k.part = f.part where ${goodSql(JUDGED)} window place as (partition by ${keys}, f.part order by ${order})`;
  return `select ordinal, conflict from (${contested}) where place > 1`;
}

interface Contest {
  /** Quoted. */
  readonly key: readonly string[];
  /** The winner comes first. */
  readonly order: string;
  readonly conflict: string;
}

function contest(dataset: ContractDataset): Contest {
  const keyed = dataset.columns.filter((column) => column.keyPosition !== undefined);
  // Without a key the whole row is the key, and its first occurrence stays.
  if (keyed.length === 0) return { key: [ROW_ID], order: 'd.rowid', conflict: 'false' };
  const key = keyed.toSorted((a, b) => (a.keyPosition ?? 0) - (b.keyPosition ?? 0)).map(({ name }) => quoteIdent(name));
  switch (dataset.order.by) {
    case 'sequence':
      return { key, order: `d.${quoteIdent(dataset.order.column)} desc nulls last, d.${ROW_ID} desc, d.rowid`, conflict: 'false' };
    case 'arrival':
      return { key, order: 'd.rowid desc', conflict: 'false' };
    case 'immutable':
      return { key, order: 'd.rowid', conflict: `d.${ROW_ID} <> first_value(d.${ROW_ID}) over place` };
  }
}
