import type { RowRule, Severity } from '../check/check';
import type { Column } from '../definition/definition';
import { quoteIdent, quoteLiteral } from '../sql/quote';
import type { ContractColumn, ContractDataset } from './contract';
import { decodeColumn, typeName } from './decode-column';
import { POISON_REASONS } from './poison';

/** Columns that decoding adds to the contract's. */
export const ROW_ID = '_weir_row_id';
/** VARCHAR[]: ids of the critical rules that a row breaks, in the order of `Decode.rules`; null for a good row. */
export const BROKEN_RULES = '_weir_rules';
/** VARCHAR[]: ids of the other rules that a row breaks; null when there are none. */
export const REMARKS = '_weir_remarks';
/** BOOLEAN: whether the row deletes its key. */
export const DELETED = '_weir_deleted';
/** VARCHAR: why a record has no values at all, one of POISON_REASONS; null for records that have. Of relations of records only. */
export const POISON = '_weir_poison';
/** BOOLEAN: whether a record has a key and no value, which deletes the key. Of relations of records only. */
export const TOMBSTONE = '_weir_tombstone';

/** A rule as decoding applies it. */
export interface DecodeRule {
  readonly id: string;
  readonly severity: Severity;
  /** What is wrong with a row that breaks it; never holds a value of the row. */
  readonly reason: string;
}

/** How text becomes rows of a contract: one value for batches of files and for micro-batches. */
export interface Decode {
  readonly columns: readonly Column[];
  readonly rules: readonly DecodeRule[];
  /** A SELECT over a relation with the contract's columns as text: typed columns, ROW_ID, BROKEN_RULES, REMARKS, DELETED and the carried columns. */
  select(relation: string, carried?: readonly string[]): string;
}

/** A column and, beside its typed value, the name of its text within the decoding SELECT. */
interface TextColumn extends ContractColumn {
  readonly text: string;
}

interface Judged extends DecodeRule {
  /** Boolean SQL that is true where the rule is broken; null counts as not broken. */
  readonly broken: string;
}

/**
 * Plans the decoding of a dataset: types first, then required columns, then the contract's row rules. A row that deletes needs its key and nothing else.
 * `records`: the relation is one of records, with POISON and TOMBSTONE.
 */
export function compileDecode(dataset: ContractDataset, { records = false }: { readonly records?: boolean } = {}): Decode {
  const sources = dataset.columns.map((column, index) => ({ ...column, text: `_weir_text_${index}` }));
  const deletes = deletedSql(dataset, records);
  const ofLiving = (rule: Judged): Judged => (deletes === 'false' ? rule : { ...rule, broken: `not ${DELETED} and ${rule.broken}` });
  const rules = [...sources.flatMap(typeRule), ...sources.flatMap((column) => requiredRule(column).map((rule) => (column.keyPosition === undefined ? ofLiving(rule) : rule))), ...dataset.rules.map((rule) => ofLiving(rowRule(rule, sources)))];
  const columns = sources.map(({ name, type }) => ({ name, type }));
  const critical = rules.filter((rule) => rule.severity === 'critical');
  const others = rules.filter((rule) => rule.severity !== 'critical');
  return {
    columns,
    rules: [...(records ? POISON_RULES : []), ...rules.map(({ id, severity, reason }) => ({ id, severity, reason }))],
    select: (relation, carried = []) => {
      const kept = [...carried, ...(records ? [POISON, TOMBSTONE] : [])].map(quoteIdent);
      // Empty fields are null, quoted or not.
      const texts = sources.map(({ name, text }) => `nullif(${quoteIdent(name)}, '') as ${text}`);
      const typed = sources.map((column) => `${decodeColumn(column, column.text)} as ${quoteIdent(column.name)}`);
      const out = [...columns.map(({ name }) => quoteIdent(name)), `${rowIdSql(columns)} as ${ROW_ID}`, `${listSql(critical, records)} as ${BROKEN_RULES}`, `${listSql(others, false)} as ${REMARKS}`, DELETED];
      const values = `select *, ${typed.join(', ')} from (select ${[...texts, ...kept].join(', ')} from ${relation})`;
      return `select ${[...out, ...carried.map(quoteIdent)].join(', ')} from (select *, ${deletes} as ${DELETED} from (${values}))`;
    },
  };
}

const POISON_RULES: readonly DecodeRule[] = POISON_REASONS.map(([id, reason]) => ({ id, severity: 'critical', reason }));

function deletedSql({ deletes }: ContractDataset, records: boolean): string {
  const byRow = deletes === undefined ? [] : [`coalesce(try((${deletes})), false)`];
  const terms = [...byRow, ...(records ? [TOMBSTONE] : [])];
  return terms.length === 0 ? 'false' : terms.join(' or ');
}

/** Stands between values in the text that a row's id is made of. */
const SEPARATOR = 'chr(31)';

/**
 * SQL for the identity of a row: the md5 of its typed values, where null and empty text are the same, as they are in files. Different rows
 * never give the same text: where a value holds the separator itself, the lengths of all texts follow, and the count of separators tells
 * the two forms apart. (Lengths for every row cost 60 % more.)
 */
export function rowIdSql(columns: readonly Column[]): string {
  const texts = columns.filter(({ type }) => type === 'VARCHAR').map(({ name }) => quoteIdent(name));
  const values = columns.map(({ name, type }) => (type === 'VARCHAR' ? `coalesce(${quoteIdent(name)}, '')` : `coalesce(${quoteIdent(name)}::VARCHAR, '')`));
  const plain = `md5(concat_ws(${SEPARATOR}, ${values.join(', ')}))`;
  if (texts.length === 0) return plain;
  const measured = `md5(concat_ws(${SEPARATOR}, ${[...values, ...texts.map((text) => `coalesce(strlen(${text}), 0)`)].join(', ')}))`;
  return `case when ${texts.map((text) => `contains(${text}, ${SEPARATOR})`).join(' or ')} then ${measured} else ${plain} end`;
}

function typeRule(column: TextColumn): Judged[] {
  if (column.type === 'VARCHAR') return [];
  return [{ id: `type:${column.name}`, severity: 'critical', reason: `${column.name} is not ${typeName(column.type)}.`, broken: mistyped(column) }];
}

function requiredRule(column: TextColumn): Judged[] {
  const needed = column.required || column.keyPosition !== undefined;
  return needed ? [{ id: `required:${column.name}`, severity: 'critical', reason: `${column.name} is empty.`, broken: `${column.text} is null` }] : [];
}

/** A predicate that fails with an error (a cast, say) is broken; it never ends the run. A column of the wrong type is reported once, as that. */
function rowRule(rule: RowRule, columns: readonly TextColumn[]): Judged {
  const holds = `coalesce(try(coalesce((${rule.predicate}), true)), false)`;
  const unknown = columns.filter((column) => column.type !== 'VARCHAR' && mentions(rule.predicate, column.name)).map((column) => `not ${mistyped(column)}`);
  return { id: rule.id, severity: rule.severity, reason: `This does not hold: ${rule.description}.`.replace('..', '.'), broken: [...unknown, `not ${holds}`].join(' and ') };
}

/** Whether an expression names a column; text in quotes and comments does not count. */
export function mentions(expression: string, column: string): boolean {
  const code = expression.replace(/'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g, ' ').toLowerCase();
  const name = column.toLowerCase().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}_$])${name}(?![\\p{L}\\p{N}_$])`, 'u').test(code);
}

/** The list is built for the few rows that break a rule; for all others only the conditions are evaluated. */
function listSql(rules: readonly Judged[], records: boolean): string {
  // A record without values is nothing but that.
  const poisoned = records ? `when ${POISON} is not null then [${POISON}] ` : '';
  if (rules.length === 0) return poisoned ? `case ${poisoned}end` : 'null::VARCHAR[]';
  const any = rules.map(({ broken }) => `(${broken})`).join(' or ');
  const ids = rules.map(({ id, broken }) => `case when ${broken} then ${quoteLiteral(id)} end`).join(', ');
  return `case ${poisoned}when ${any} then list_filter([${ids}], lambda id: id is not null) end`;
}

function mistyped(column: TextColumn): string {
  return `(${column.text} is not null and ${quoteIdent(column.name)} is null)`;
}
