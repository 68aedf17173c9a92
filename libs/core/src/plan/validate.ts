import type { ContractDataset } from '../contract/contract';
import { BROKEN_RULES, compileDecode, DELETED, REMARKS, ROW_ID, type Decode } from '../contract/decode-sql';
import { quoteIdent, quoteLiteral } from '../sql/quote';
import { losersSql } from './dedupe';
import { recordTextsSql } from './record-texts';

/** A file of the run, in reading order: by partition, then by name. A segment of a log is one too: its records are its lines, by offset. */
export interface ReadFile {
  readonly file: number;
  readonly partition: string;
  /** For people, in positions; of a log topic and partition, such as `clicks:3`. */
  readonly name: string;
  /** Whole records in it. */
  readonly records: number;
  /** Ordinal of its first record within the run. */
  readonly first: number;
  /** line = ordinal within the run + shift, save for the records in `weir_lines`. Records of logs bring their offsets. */
  readonly shift: number;
}

/** Rule of rows that an `immutable` order refuses: the same key came before with other values. */
export const KEY_CONFLICT = 'key_conflict';

/** The relations that checks are measured over: rows that broke no rule and do not delete their key, before and after dedupe. */
export const VALID_ROWS = 'weir_valid';
export const ADMITTED_ROWS = 'weir_admitted';
/** The rows of bronze: those that are admitted, with those that delete their key. */
export const BRONZE_ROWS = 'weir_bronze';

/** Column of the text relation that says which file a row is from. */
export const FILE_COLUMN = '_weir_file';
/** Column of a relation of records that says which offset a record has. */
export const OFFSET_COLUMN = '_weir_offset';

/** The statements that turn files of text into bronze, in the order they are run. */
export interface ValidatePlan {
  readonly decode: Decode;
  /**
   * Makes the table of decoded rows from a text relation, or adds to it. The table's rowid is the ordinal of the record within the run. Records of logs come as a relation of `value` (as
   * record-texts.ts says), FILE_COLUMN and OFFSET_COLUMN.
   */
  decodeFrom(relation: string, first: boolean): string;
  /** Makes the table of files. */
  files(files: readonly ReadFile[]): readonly string[];
  /** Makes the table of lines that do not follow from ordinals; `runs` has (file, start, shift), ordinals and shifts being those of the run. */
  lines(runs: string | undefined): string;
  /** → file, rows. */
  readonly countFiles: string;
  /** Makes the table of good rows that are not admitted: duplicates, and conflicts of immutable keys. */
  readonly dedupe: string;
  /** Makes the views VALID_ROWS, ADMITTED_ROWS and BRONZE_ROWS: contract columns, _weir_partition, _weir_row_id, _weir_position, _weir_deleted. */
  readonly views: readonly string[];
  /** Makes the table of rows for quarantine: ordinal, file, line, rules. */
  readonly broken: string;
  /** → partition, read, admitted, duplicate, quarantined, of whole records. */
  readonly accounts: string;
  /** → rule, rows, samples (positions, five at most), of rules that were broken; critical first. */
  readonly ruleCounts: string;
  /** → ordinal, file, line, rules of the rows for quarantine after an ordinal. */
  brokenAfter(ordinal: number, limit: number): string;
}

/** Plans the validation of files of text, or of segments of a log. */
export function planValidate(dataset: ContractDataset, { records = false }: { readonly records?: boolean } = {}): ValidatePlan {
  const decode = compileDecode(dataset, { records });
  const carried = records ? [FILE_COLUMN, OFFSET_COLUMN] : [FILE_COLUMN];
  const line = records ? `d.${OFFSET_COLUMN}` : 'd.rowid + coalesce(n.shift, f.shift)';
  const position = `f.name || ':' || (${line})`;
  const columns = decode.columns.map(({ name }) => `d.${quoteIdent(name)}`).join(', ');
  const rows = `select ${columns}, f.partition as _weir_partition, d.${ROW_ID} as ${ROW_ID}, ${position} as _weir_position, d.${DELETED} as ${DELETED} from ${LOCATED}`;
  const admitted = `left join weir_losers l on l.ordinal = d.rowid where d.${BROKEN_RULES} is null and l.ordinal is null`;
  return {
    decode,
    decodeFrom: (relation, first) => `${first ? 'create temp table weir_decoded as' : 'insert into weir_decoded'} ${decode.select(records ? recordTextsSql(dataset, relation, carried) : relation, carried)}`,
    files: filesSql,
    lines: linesSql,
    countFiles: `select ${FILE_COLUMN} as file, count(*) as rows from weir_decoded group by all`,
    dedupe: `create temp table weir_losers as ${losersSql(dataset)}`,
    views: [
      `create temp view ${VALID_ROWS} as ${rows} where d.${BROKEN_RULES} is null and not d.${DELETED}`,
      `create temp view ${ADMITTED_ROWS} as ${rows} ${admitted} and not d.${DELETED}`,
      `create temp view ${BRONZE_ROWS} as ${rows} ${admitted}`,
    ],
    broken: `create temp table weir_broken as select d.rowid as ordinal, d.${FILE_COLUMN} as file, ${line} as line, coalesce(d.${BROKEN_RULES}, [${quoteLiteral(KEY_CONFLICT)}]) as rules, ${position} as position from ${LOCATED} left join weir_losers l on l.ordinal = d.rowid where d.${BROKEN_RULES} is not null or l.conflict order by d.rowid`,
    accounts: ACCOUNTS,
    ruleCounts: ruleCountsSql(position),
    brokenAfter: (ordinal, limit) => `select ordinal, file, line, rules from weir_broken where ordinal > ${ordinal} order by ordinal limit ${limit}`,
  };
}

/** The probe side comes first in each join, which keeps the rows in the order of the files. */
const LOCATED = `weir_decoded d join weir_files f on f.file = d.${FILE_COLUMN} left join weir_lines n on n.ordinal = d.rowid`;

const ACCOUNTS = `select f.partition, count(*) as read,
  count(*) filter (where d.${BROKEN_RULES} is null and l.ordinal is null) as admitted,
  count(*) filter (where d.${BROKEN_RULES} is null and not l.conflict) as duplicate,
  count(*) filter (where d.${BROKEN_RULES} is not null or l.conflict) as quarantined
  from weir_decoded d join weir_files f on f.file = d.${FILE_COLUMN} left join weir_losers l on l.ordinal = d.rowid group by f.partition order by f.partition`;

function ruleCountsSql(position: string): string {
  const remarked = `select d.rowid as ordinal, ${position} as position, unnest(d.${REMARKS}) as rule from ${LOCATED} where d.${REMARKS} is not null and d.${BROKEN_RULES} is null`;
  return `select rule, count(*) as rows, min_by(position, ordinal, 5) as samples, true as critical from (select ordinal, position, unnest(rules) as rule from weir_broken) group by rule
  union all
  select rule, count(*), min_by(position, ordinal, 5), false from (${remarked}) group by rule
  order by critical desc, rows desc, rule`;
}

function filesSql(files: readonly ReadFile[]): string[] {
  const table = 'create temp table weir_files (file INTEGER, partition VARCHAR, part INTEGER, name VARCHAR, shift BIGINT, stop BIGINT)';
  if (files.length === 0) return [table];
  // Numbers for the partitions: dedupe groups by them, and numbers are cheaper to group by than text.
  const parts = new Map([...new Set(files.map(({ partition }) => partition))].map((partition, number) => [partition, number]));
  const values = files.map((file) => `(${file.file}, ${quoteLiteral(file.partition)}, ${parts.get(file.partition)}, ${quoteLiteral(file.name)}, ${file.shift}, ${file.first + file.records})`);
  return [table, `insert into weir_files values ${values.join(', ')}`];
}

/** One row for each record whose line does not follow from its ordinal: a run reaches to the next one or to the end of its file. */
function linesSql(runs: string | undefined): string {
  if (runs === undefined) return 'create temp table weir_lines (ordinal BIGINT, shift BIGINT)';
  const bounded = `select r.start, r.shift, coalesce(lead(r.start) over (partition by r.file order by r.start), f.stop) as stop from ${runs} r join weir_files f on f.file = r.file`;
  return `create temp table weir_lines as select unnest(range(start, stop)) as ordinal, shift from (${bounded})`;
}
