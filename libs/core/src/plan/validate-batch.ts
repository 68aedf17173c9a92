import type { Check } from '../check/check';
import { compileCheck } from '../check/compile-check';
import type { ContractDataset } from '../contract/contract';
import { BROKEN_RULES, compileDecode, DELETED, REMARKS, ROW_ID, type DecodeRule } from '../contract/decode-sql';
import { quoteIdent, quoteLiteral } from '../sql/quote';
import { jsonRowSql, type JsonColumn } from './inline-rows';
import { recordTextsSql } from './record-texts';

/** Stand between the values of a range, and between ranges, in the parameter of the statement; no JSON text has them. */
export const VALUE_SEPARATOR = '\u001e';
export const RANGE_SEPARATOR = '\u001d';

/** Records whose offsets follow each other, as the first parameter lists them. */
export interface BatchRange {
  /** Of the partition, for positions: `clicks:3`. */
  readonly name: string;
  readonly first: number;
  readonly grain: string;
}

/** What one execution of the statement gives: one row. */
export interface ValidatedBatch {
  /** The admitted rows as NDJSON; null when there is none. */
  readonly rows: string | null;
  readonly read: number;
  readonly admitted: number;
  /** Different keys among the good records. */
  readonly keys: number;
  readonly quarantined: number;
  /** JSON: [{position, rules}], in the order of the records; null when there are none. */
  readonly rejects: string | null;
  /** JSON: [{rule, rows, samples}] of rules below critical that admitted rows break; null when there are none. */
  readonly remarks: string | null;
  /** JSON: the counted rows of each of `checks`, in order. */
  readonly measures: string;
}

/**
 * The validation of micro-batches as statements that are prepared once. Each takes $1, JSON of BatchRange[], and $2, the values (as record-texts.ts says) with
 * separators, and gives one ValidatedBatch. Parameters are cast: without that the engine plans a statement anew each time it runs (measured: 8 ms instead of 2).
 */
export interface ValidateBatchPlan {
  /** Admits every good record; for batches in which no key comes twice: `keys` is then `admitted`. Half the time of the other for small batches. */
  readonly plain: string;
  /** Admits of the records of one key in the batch the winner. */
  readonly deduped: string;
  /** The columns of the rows, in the order of the inline batch. */
  readonly columns: readonly JsonColumn[];
  readonly rules: readonly DecodeRule[];
  /** The checks that are measured batch by batch: those that count rows one by one. */
  readonly checks: readonly Check[];
}

/** Columns that every admitted row carries besides the contract's. */
const ROW_COLUMNS: readonly JsonColumn[] = [
  { name: '_weir_partition', type: 'VARCHAR' },
  { name: ROW_ID, type: 'VARCHAR' },
  { name: '_weir_position', type: 'VARCHAR' },
  { name: DELETED, type: 'BOOLEAN' },
];

/** Plans the validation of a source dataset's records, by the rules of batch. */
export function planValidateBatch(dataset: ContractDataset): ValidateBatchPlan {
  const decode = compileDecode(dataset, { records: true });
  const columns = [...decode.columns, ...ROW_COLUMNS];
  const checks = dataset.checks.filter((check) => check.measure.kind !== 'rowCount' && compileCheck(check).aggregate !== undefined);
  const decoded = `${recordsSql()}, decoded as materialized (${decode.select(recordTextsSql(dataset, 'positioned', PLACED), PLACED)}), good as (select * from decoded where ${BROKEN_RULES} is null)`;
  const result = resultSql(dataset, columns, checks);
  return {
    plain: `with ${decoded}, admitted as (select * from good) ${result}`,
    deduped: `with ${decoded}, admitted as (${winnersSql(dataset)}) ${result}`,
    columns,
    rules: decode.rules,
    checks,
  };
}

const PLACED = ['_weir_partition', '_weir_position', '_weir_log', '_weir_offset'];

/** Both lists of a range are unnested side by side, which keeps the order of the records. */
function recordsSql(): string {
  return `ranges as (select unnest(from_json($1::VARCHAR, '[{"name":"VARCHAR","first":"BIGINT","grain":"VARCHAR"}]')) as r, unnest(string_split($2::VARCHAR, chr(29))) as texts),
lists as (select r, string_split(texts, chr(30)) as list from ranges),
records as (select r.grain as _weir_partition, r.name as _weir_log, r.first + unnest(range(len(list))) as _weir_offset, unnest(list) as value from lists),
positioned as (select *, _weir_log || ':' || _weir_offset as _weir_position from records)`;
}

function resultSql(dataset: ContractDataset, columns: readonly JsonColumn[], checks: readonly Check[]): string {
  const measures = checks.map((check) => `(${compileCheck(check).aggregate ?? '0'})::BIGINT`);
  const bad = `from decoded where ${BROKEN_RULES} is not null`;
  const remarked = `select _weir_position, unnest(${REMARKS}) as rule from good where ${REMARKS} is not null`;
  return `select
  (select string_agg(${jsonRowSql(columns)}, chr(10)) from admitted) as rows,
  (select count(*) from decoded) as read,
  (select count(*) from admitted) as admitted,
  (select count(distinct (${keyOf(dataset).join(', ')})) from good) as keys,
  (select count(*) ${bad}) as quarantined,
  (select to_json(list({position: _weir_position, rules: ${BROKEN_RULES}}))::VARCHAR ${bad}) as rejects,
  (select to_json(list({rule: rule, rows: n, samples: samples}))::VARCHAR from (select rule, count(*) as n, list(_weir_position)[:5] as samples from (${remarked}) group by rule)) as remarks,
  ${measures.length === 0 ? `'[]'` : `(select to_json([${measures.join(', ')}])::VARCHAR from admitted where not ${DELETED})`} as measures`;
}

/** Without a key the whole row is the key, within its grain. */
function keyOf(dataset: ContractDataset): string[] {
  const keyed = dataset.columns.filter(({ keyPosition }) => keyPosition !== undefined).map(({ name }) => quoteIdent(name));
  return keyed.length > 0 ? keyed : [ROW_ID, '_weir_partition'];
}

function winnersSql(dataset: ContractDataset): string {
  return `select * from good qualify row_number() over (partition by ${keyOf(dataset).join(', ')} order by ${orderSql(dataset)}) = 1`;
}

/** The winner comes first; of whole rows that are equal the first one stays, as in batch. */
function orderSql(dataset: ContractDataset): string {
  const arrival = `split_part(_weir_log, ':', -1)::INTEGER desc, _weir_offset desc`;
  if (dataset.columns.every(({ keyPosition }) => keyPosition === undefined)) return '_weir_log, _weir_offset';
  return dataset.order.by === 'sequence' ? `${quoteIdent(dataset.order.column)} desc nulls last, ${ROW_ID} desc, ${arrival}` : arrival;
}

/** A sentence for what a rule of the plan says of a record, for quarantine. */
export function batchReason(rule: string | undefined, rules: readonly DecodeRule[]): string {
  return rules.find(({ id }) => id === rule)?.reason ?? `The rule ${quoteLiteral(rule ?? '')} does not hold.`;
}
