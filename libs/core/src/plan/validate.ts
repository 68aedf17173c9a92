import type { ContractDataset } from '../contract/contract';
import { NEW_COLUMN } from '../contract/decode-rules';
import { BROKEN_RULES, compileDecode, type Decode, DELETED, DISCARDS, EXTRA, REMARKS, ROW_ID } from '../contract/decode-sql';
import { driftPolicies } from '../contract/drift';
import { NEW_COLUMNS } from '../contract/text-relation';
import type { RecordForm } from '../definition/source';
import { quoteIdent, quoteLiteral } from '../sql/quote';
import { goodSql, JUDGED, JUDGED_COLUMN, losersSql } from './dedupe';
import { newNamesSql } from './new-names';
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
   * Makes the table of decoded rows from a relation, or adds to it. The table's rowid is the ordinal of the record within the run. Fields come as file-texts.ts makes them, with FILE_COLUMN; values and
   * records of logs as a relation of `value` (as record-texts.ts says), FILE_COLUMN, and OFFSET_COLUMN of logs.
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
  /** Makes the views VALID_ROWS, ADMITTED_ROWS and BRONZE_ROWS: contract columns, _weir_partition, _weir_row_id, _weir_position, _weir_deleted; bronze has EXTRA, too, where something is kept aside. */
  readonly views: readonly string[];
  /** Makes the table of rows for quarantine: ordinal, file, line, rules, position, names (of their columns that the contract does not name; null where that does not matter). */
  readonly broken: string;
  /** → position, rule, names of the first five rows that end the run; undefined where the contract freezes nothing. */
  readonly frozen: string | undefined;
  /** → partition, read, admitted, duplicate, quarantined, filtered, of whole records. */
  readonly accounts: string;
  /** → rule, rows, samples (positions, five at most), of rules that were broken; critical first. NEW_COLUMN comes as one rule for each name, MOST_NAMES at most. */
  readonly ruleCounts: string;
  /** → ordinal, file, line, rules, names of the rows for quarantine after an ordinal. */
  brokenAfter(ordinal: number, limit: number): string;
}

/** Plans the validation of records of a form. */
export function planValidate(dataset: ContractDataset, form: RecordForm): ValidatePlan {
  const records = form !== 'fields';
  const decode = compileDecode(dataset, { records });
  const carried = form === 'log' ? [FILE_COLUMN, OFFSET_COLUMN] : [FILE_COLUMN];
  const line = form === 'log' ? `d.${OFFSET_COLUMN}` : 'd.rowid + coalesce(n.shift, f.shift)';
  const position = `f.name || ':' || (${line})`;
  const names = newNamesSql(dataset, JUDGED);
  const columns = decode.columns.map(({ name }) => `d.${quoteIdent(name)}`).join(', ');
  const rows = (extra: string): string => `select ${columns}, f.partition as _weir_partition, d.${ROW_ID} as ${ROW_ID}, ${position} as _weir_position, ${JUDGED}.${DELETED} as ${DELETED}${extra} from ${LOCATED}`;
  const admitted = `left join weir_losers l on l.ordinal = d.rowid where ${goodSql(JUDGED)} and l.ordinal is null`;
  return {
    decode,
    decodeFrom: (relation, first) => `${first ? 'create temp table weir_decoded as' : 'insert into weir_decoded'} ${packed(dataset)} from (${decode.select(records ? recordTextsSql(dataset, relation, carried) : relation, carried)})`,
    files: filesSql,
    lines: linesSql,
    countFiles: `select ${FILE_COLUMN} as file, count(*) as rows from weir_decoded group by all`,
    dedupe: `create temp table weir_losers as ${losersSql(dataset)}`,
    views: [
      `create temp view ${VALID_ROWS} as ${rows('')} where ${goodSql(JUDGED)} and not ${JUDGED}.${DELETED}`,
      `create temp view ${ADMITTED_ROWS} as ${rows('')} ${admitted} and not ${JUDGED}.${DELETED}`,
      `create temp view ${BRONZE_ROWS} as ${rows(decode.keepsExtra ? `, ${JUDGED}.${EXTRA} as ${EXTRA}` : '')} ${admitted}`,
    ],
    broken: `create temp table weir_broken as select d.rowid as ordinal, d.${FILE_COLUMN} as file, ${line} as line, coalesce(${JUDGED}.${BROKEN_RULES}, [${quoteLiteral(KEY_CONFLICT)}]) as rules, ${position} as position, case when list_contains(${JUDGED}.${BROKEN_RULES}, ${quoteLiteral(NEW_COLUMN)}) then ${names} end as names from ${LOCATED} left join weir_losers l on l.ordinal = d.rowid where ${JUDGED}.${BROKEN_RULES} is not null or l.conflict order by d.rowid`,
    frozen: frozenSql(decode),
    accounts: ACCOUNTS,
    ruleCounts: ruleCountsSql(position, names),
    brokenAfter: (ordinal, limit) => `select ordinal, file, line, rules, names from weir_broken where ordinal > ${ordinal} order by ordinal limit ${limit}`,
  };
}

/**
 * What decoding says of a row becomes one column. The engine fills a table in the order of its source with several threads only where its memory limit is at least 16 MiB for each
 * column; with less one thread does all the work while another spins (measured: a million rows of eleven columns with 256 MB in 1.7 s, and so in 0.9 s).
 * New columns that are in the side column need not be there twice.
 */
function packed(dataset: ContractDataset): string {
  const judged = [BROKEN_RULES, DISCARDS, REMARKS, DELETED, EXTRA, NEW_COLUMNS];
  const kept = driftPolicies(dataset).newColumn === 'evolve' ? judged.slice(0, -1) : judged;
  return `select * exclude (${judged.join(', ')}), {${kept.map((name) => `${name}: ${name}`).join(', ')}} as ${JUDGED_COLUMN}`;
}

function frozenSql({ rules }: Decode): string | undefined {
  const freezing = rules.filter(({ outcome }) => outcome === 'freeze').map(({ id }) => quoteLiteral(id));
  if (freezing.length === 0) return undefined;
  return `select position, list_filter(rules, lambda rule: list_contains([${freezing.join(', ')}], rule))[1] as rule, names from weir_broken where list_has_any(rules, [${freezing.join(', ')}]) order by ordinal limit 5`;
}

/** The probe side comes first in each join, which keeps the rows in the order of the files. */
const LOCATED = `weir_decoded d join weir_files f on f.file = d.${FILE_COLUMN} left join weir_lines n on n.ordinal = d.rowid`;

const ACCOUNTS = `select f.partition, count(*) as read,
  count(*) filter (where ${goodSql(JUDGED)} and l.ordinal is null) as admitted,
  count(*) filter (where ${goodSql(JUDGED)} and not l.conflict) as duplicate,
  count(*) filter (where ${JUDGED}.${BROKEN_RULES} is not null or l.conflict) as quarantined,
  count(*) filter (where ${JUDGED}.${BROKEN_RULES} is null and ${JUDGED}.${DISCARDS} is not null) as filtered
  from weir_decoded d join weir_files f on f.file = d.${FILE_COLUMN} left join weir_losers l on l.ordinal = d.rowid group by f.partition order by f.partition`;

/** Columns that the contract does not name, of which counts tell by name. */
const MOST_NAMES = 20;

function ruleCountsSql(position: string, names: string): string {
  const found = (list: string, where: string): string => `select d.rowid as ordinal, ${position} as position, unnest(${named(`${JUDGED}.${list}`, names)}) as rule from ${LOCATED} where ${JUDGED}.${list} is not null and ${where}`;
  const counted = (rows: string, critical: boolean): string => `select rule, count(*) as rows, min_by(position, ordinal, 5) as samples, ${critical} as critical from (${rows}) group by rule`;
  const counts = [
    counted(`select ordinal, position, unnest(${named('rules', 'names')}) as rule from weir_broken`, true),
    counted(found(DISCARDS, `${JUDGED}.${BROKEN_RULES} is null`), false),
    counted(found(REMARKS, goodSql(JUDGED)), false),
  ];
  const ranked = `select *, row_number() over (partition by critical, starts_with(rule, ${quoteLiteral(`${NEW_COLUMN}:`)}) order by rows desc, rule) as rank from (${counts.join(' union all ')})`;
  return `select rule, rows, samples, critical from (${ranked}) where rank <= ${MOST_NAMES} or not starts_with(rule, ${quoteLiteral(`${NEW_COLUMN}:`)}) order by critical desc, rows desc, rule`;
}

/** A list of rules with NEW_COLUMN once for each name. */
function named(rules: string, names: string): string {
  const each = `list_transform(${names}, lambda name: ${quoteLiteral(`${NEW_COLUMN}:`)} || name)`;
  return `case when list_contains(${rules}, ${quoteLiteral(NEW_COLUMN)}) then list_concat(list_filter(${rules}, lambda rule: rule <> ${quoteLiteral(NEW_COLUMN)}), ${each}) else ${rules} end`;
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
