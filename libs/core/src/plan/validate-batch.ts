import type { Check } from '../check/check';
import { compileCheck } from '../check/compile-check';
import type { ContractDataset } from '../contract/contract';
import { BROKEN_RULES, compileDecode, DELETED, REMARKS, ROW_ID, type DecodeRule } from '../contract/decode-sql';
import { quoteIdent } from '../sql/quote';
import { jsonRowSql, type JsonColumn } from './inline-rows';
import { recordTextsSql } from './record-texts';

/** Bytes that stand between the values of a range, and between ranges, in the second parameter; no JSON text has them. */
export const VALUE_SEPARATOR = 0x1e;
export const RANGE_SEPARATOR = 0x1d;

/** Records whose offsets follow each other, as the first parameter lists them. */
export interface BatchRange {
  /** Of the partition, for positions: `clicks:3`. */
  readonly name: string;
  /** Offset of the first one. */
  readonly first: number;
  /** Ordinal of the first one in the batch, from 0. */
  readonly start: number;
  readonly grain: string;
}

/** A record that goes to quarantine. */
export interface BatchReject {
  readonly ordinal: number;
  /** Ids of the critical rules that it breaks, in the order of `rules`. */
  readonly rules: readonly string[];
}

/** A rule below critical that admitted records break. */
export interface BatchRemark {
  readonly rule: string;
  readonly rows: number;
  /** Ordinals of the first records, five at most. */
  readonly samples: readonly number[];
}

/** What one execution of the statement gives: one row. */
export interface ValidatedBatch {
  /** The admitted rows as NDJSON, UTF-8; null when there is none. */
  readonly rows: Uint8Array | null;
  /** More than were given when a value has a separator in it: nothing else of the result means anything then. */
  readonly read: number;
  /** Records that broke no critical rule. */
  readonly good: number;
  readonly admitted: number;
  /** Different keys among the good records. */
  readonly keys: number;
  readonly quarantined: number;
  /** JSON of BatchReject[], in the order of the records; null when there are none. */
  readonly rejects: string | null;
  /** JSON of BatchRemark[]; null when there are none. */
  readonly remarks: string | null;
  /** JSON: the number of admitted rows that do not delete, then the rows among them that each of `checks` counts, in order; empty without checks. */
  readonly measures: string;
}

/**
 * The validation of micro-batches as statements that are prepared once. Each takes $1, JSON of BatchRange[], and $2, the UTF-8 bytes of the values (as record-texts.ts
 * says) with separators, and gives one ValidatedBatch. Parameters are cast: without that the engine plans a statement anew each time it runs (measured: 8 ms instead of 2).
 * Values come and rows go as bytes, which costs a tenth less than text that JavaScript converts, and none of its thread's time.
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

const PLACED = ['_weir_partition', '_weir_position', '_weir_log', '_weir_offset', '_weir_ordinal'];

/** Both lists of a range are unnested side by side, which keeps the order of the records. */
function recordsSql(): string {
  return `ranges as (select unnest(from_json($1::VARCHAR, '[{"name":"VARCHAR","first":"BIGINT","start":"BIGINT","grain":"VARCHAR"}]')) as r, unnest(string_split(decode($2::BLOB), chr(${RANGE_SEPARATOR}))) as texts),
lists as (select r, string_split(texts, chr(${VALUE_SEPARATOR})) as list from ranges),
records as (select r, unnest(range(len(list))) as n, unnest(list) as value from lists),
positioned as (select r.grain as _weir_partition, r.name as _weir_log, r.first + n as _weir_offset, r.start + n as _weir_ordinal, r.name || ':' || (r.first + n) as _weir_position, value from records)`;
}

function resultSql(dataset: ContractDataset, columns: readonly JsonColumn[], checks: readonly Check[]): string {
  const measures = checks.map((check) => `(${compileCheck(check).aggregate ?? '0'})::BIGINT`);
  const bad = `from decoded where ${BROKEN_RULES} is not null`;
  const remarked = `select _weir_ordinal, unnest(${REMARKS}) as rule from good where ${REMARKS} is not null`;
  return `select
  (select encode(string_agg(${jsonRowSql(columns)}, chr(10))) from admitted) as rows,
  (select count(*) from decoded) as read,
  (select count(*) from good) as good,
  (select count(*) from admitted) as admitted,
  (select count(distinct (${keyOf(dataset).join(', ')})) from good) as keys,
  (select count(*) ${bad}) as quarantined,
  (select to_json(list({ordinal: _weir_ordinal, rules: ${BROKEN_RULES}} order by _weir_ordinal))::VARCHAR ${bad}) as rejects,
  (select to_json(list({rule: rule, rows: n, samples: samples}))::VARCHAR from (select rule, count(*) as n, list(_weir_ordinal order by _weir_ordinal)[:5] as samples from (${remarked}) group by rule)) as remarks,
  ${measures.length === 0 ? `'[]'` : `(select to_json([${['count(*)', ...measures].join(', ')}])::VARCHAR from admitted where not ${DELETED})`} as measures`;
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
  const place = [`split_part(_weir_log, ':', -1)::INTEGER`, '_weir_offset'];
  if (dataset.columns.every(({ keyPosition }) => keyPosition === undefined)) return place.join(', ');
  return dataset.order.by === 'sequence' ? `${quoteIdent(dataset.order.column)} desc nulls last, ${ROW_ID} desc, ${place.join(', ')}` : place.map((term) => `${term} desc`).join(', ');
}
