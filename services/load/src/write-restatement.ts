import { join } from 'node:path';
import { deliveredColumns, identityColumns, type StoredColumn, type TableSpec } from '@weir/connectors';
import { DELETED, ROW_ID, quoteIdent, quoteLiteral, winnerOrderSql, type Column, type WinnerRule } from '@weir/core';
import { DELETED_COLUMN, segmentRelation, type Engine, type RelationSegment } from '@weir/engine';
import { same, sourceColumns } from './difference-sql';
import { writeRows, type RowDifference, type SegmentDifference } from './write-difference';

/** Columns of a table's identity, in its order, as the engine has them. */
function identityOf(spec: TableSpec): Column[] {
  return identityColumns(spec).flatMap((name) => sourceColumns(spec).find((column) => column.name === name) ?? []);
}

/** Has the engine read the identities that a table gave as CSV, and write them as a segment; undefined when there are none. `present` is in its staging folder. */
export async function presentSegment(engine: Engine, spec: TableSpec, present: string, dir: string): Promise<RelationSegment | undefined> {
  const columns = identityOf(spec);
  const texts = columns.map(({ name }) => `${quoteLiteral(name)}: 'VARCHAR'`).join(', ');
  const values = columns.map((column) => `${engineText(column)}::${column.type} as ${quoteIdent(column.name)}`).join(', ');
  const absolutePath = join(dir, 'present.parquet');
  const csv = `read_csv(${quoteLiteral(present)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, columns = {${texts}})`;
  const [written] = await engine.rows<{ Count: number }>(`copy (select ${values} from ${csv}) to ${quoteLiteral(absolutePath)} (format parquet)`, `${spec.name} present`);
  return written && written.Count > 0 ? { absolutePath, partitions: [], whole: true } : undefined;
}

/** Of years before Christ Postgres says so at the end, and the engine after the date, in parentheses. A row's id is a uuid there and 32 digits here. */
function engineText({ name, type }: Column): string {
  if (name === ROW_ID) return `replace(${quoteIdent(name)}, '-', '')`;
  return type === 'DATE' || type === 'TIMESTAMP' ? `regexp_replace(${quoteIdent(name)}, '^(\\S+)(.*) BC$', '\\1 (BC)\\2')` : quoteIdent(name);
}

/**
 * Has the engine write what a snapshot says of restated records, which are in `after`: by key the winner over the whole snapshot of every key that these records
 * or the table have (`before`: identities only), deleting winners too; otherwise every row. The deletes are what the table has and the snapshot has nothing of.
 */
export async function writeRestatement(engine: Engine, spec: TableSpec, winner: WinnerRule, { before, after, unchanged }: SegmentDifference, dir: string): Promise<RowDifference> {
  const keyed = spec.identity.by === 'key';
  const rows = (segments: readonly RelationSegment[]): string => segmentRelation(segments, sourceColumns(spec));
  const identity = identityOf(spec);
  const present = segmentRelation(before, identity);
  const statements = keyed ? winnersByKey(spec, winner, { present, after: rows(after), unchanged: rows(unchanged) }) : [`create temp view winners as select * from ${rows(after)} where not ${DELETED}`];
  for (const statement of statements) await engine.run(statement, `${spec.name} restatement`);
  const names = identity.map(({ name }) => quoteIdent(name));
  const delivered = deliveredColumns(spec);
  const upserted: StoredColumn[] = keyed ? [...delivered, { name: DELETED_COLUMN.name, type: 'boolean' }] : delivered;
  const gone = `select ${names.map((name) => `p.${name}`).join(', ')} from ${present} p anti join winners w on ${same(names, 'p', 'w')}`;
  return {
    upserts: await writeRows(engine, 'select * from winners', upserted, join(dir, 'upserts'), `${spec.name} upserts`),
    deletes: await writeRows(engine, gone, delivered.filter(({ name }) => identity.some((column) => column.name === name)), join(dir, 'deletes'), `${spec.name} deletes`),
  };
}

/** Few keys occur more than once, and only those are ranked. */
function winnersByKey(spec: TableSpec, winner: WinnerRule, { present, after, unchanged }: { present: string; after: string; unchanged: string }): string[] {
  const names = identityColumns(spec).map(quoteIdent);
  const key = names.join(', ');
  return [
    `create temp table touched as select distinct ${key} from (select ${key} from ${after} union all select ${key} from ${present})`,
    `create temp view candidates as select * from ${after} union all by name (select u.* from ${unchanged} u semi join touched t on ${same(names, 'u', 't')})`,
    `create temp table contested as select ${key} from candidates group by ${key} having count(*) > 1`,
    `create temp view winners as select r.* from candidates r anti join contested c on ${same(names, 'r', 'c')} union all
      select * from (select r.* from candidates r semi join contested c on ${same(names, 'r', 'c')} qualify row_number() over (partition by ${key} order by ${winnerOrderSql(winner, '_weir_row_id')}) = 1)`,
  ];
}
