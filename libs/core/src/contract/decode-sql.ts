import type { Column } from '../definition/definition';
import { parseInstant } from '../interval/interval';
import { quoteIdent, quoteLiteral } from '../sql/quote';
import type { ContractColumn, ContractDataset } from './contract';
import { decodeColumn } from './decode-column';
import { type DecodeRule, type Judged, judgedRules, mistyped, POISON_RULES, type TextColumn, textColumns } from './decode-rules';
import { driftPolicies } from './drift';
import { rowIdSql } from './row-id';
import { NEW_COLUMNS, POISON, TOMBSTONE } from './text-relation';

/** Columns that decoding adds to the contract's. */
export const ROW_ID = '_weir_row_id';
/** VARCHAR[]: ids of the rules that a row breaks which send it to quarantine or end the run, in the order of `Decode.rules`; null for others. */
export const BROKEN_RULES = '_weir_rules';
/** VARCHAR[]: ids of the rules for which a row is left out; null when there are none. */
export const DISCARDS = '_weir_discards';
/** VARCHAR[]: ids of the other rules that a row breaks; null when there are none. */
export const REMARKS = '_weir_remarks';
/** BOOLEAN: whether the row deletes its key. */
export const DELETED = '_weir_deleted';
/** VARCHAR: the side column: JSON object of what the row has and the contract has no place for, by the names in the data; null where there is nothing. */
export const EXTRA = '_weir_extra';

/** How text becomes rows of a contract: one value for batches of files and for micro-batches. */
export interface Decode {
  readonly columns: readonly Column[];
  readonly rules: readonly DecodeRule[];
  /** A SELECT over a relation as text-relation.ts says: typed columns, ROW_ID, BROKEN_RULES, DISCARDS, REMARKS, DELETED, EXTRA, NEW_COLUMNS and the carried columns. */
  select(relation: string, carried?: readonly string[]): string;
  /** Whether a row may have something in EXTRA that is to be kept with it. */
  readonly keepsExtra: boolean;
}

/**
 * Plans the decoding of a dataset: columns that are new, missing or of another type, then required columns, then the contract's row rules. A row that deletes needs its key and nothing else.
 * `records`: the relation is one of records, with POISON and TOMBSTONE.
 */
export function compileDecode(dataset: ContractDataset, { records = false }: { readonly records?: boolean } = {}): Decode {
  const sources = textColumns(dataset, records);
  const { newColumn, changedType } = driftPolicies(dataset);
  const keepsExtra = newColumn === 'evolve' || changedType === 'evolve';
  const deletes = deletedSql(dataset, records);
  const rules = judgedRules(dataset, sources, (condition) => (deletes === 'false' ? condition : `not ${DELETED} and ${condition}`));
  const columns = sources.map(({ name, type }) => ({ name, type }));
  const lists = listsSql(rules, records);
  return {
    columns,
    rules: [...(records ? POISON_RULES : []), ...rules.map(({ id, severity, reason, outcome }) => ({ id, severity, reason, outcome }))],
    keepsExtra,
    select: (relation, carried = []) => {
      const out = [...columns.map(({ name }) => quoteIdent(name)), `${identitySql(dataset, keepsExtra)} as ${ROW_ID}`, ...lists, DELETED, EXTRA, NEW_COLUMNS];
      const texts = sources.map((column) => `${textSql(dataset, column.type, quoteIdent(column.name))} as ${column.text}`);
      const values = valuesSql(sources, texts, relation, [...carried, ...(records ? [POISON, TOMBSTONE] : [])]);
      return `select ${[...out, ...carried.map(quoteIdent)].join(', ')} from (select *, ${deletes} as ${DELETED}, ${extraSql(dataset, sources)} as ${EXTRA} from (${values}))`;
    },
  };
}

/** SQL for the text of a column: empty text is null, quoted or not, unless it is a value of its own and the source keeps it. */
export function textSql({ emptyText }: Pick<ContractDataset, 'emptyText'>, type: ContractColumn['type'], text: string): string {
  return emptyText === 'keep' && type === 'VARCHAR' ? text : `nullif(${text}, '')`;
}

/** Texts beside the values that they give. */
function valuesSql(sources: readonly TextColumn[], texts: readonly string[], relation: string, kept: readonly string[]): string {
  const flags = sources.flatMap(({ flag }) => flag ?? []);
  const typed = sources.map((column) => `${decodeColumn(column, column.text)} as ${column.value}`);
  const decoded = `select *, ${typed.join(', ')} from (select ${[...texts, ...flags, NEW_COLUMNS, ...kept.map(quoteIdent)].join(', ')} from ${relation})`;
  const defaulted = sources.filter(({ name, value }) => value !== quoteIdent(name)).map((column) => `${withDefault(column)} as ${quoteIdent(column.name)}`);
  return defaulted.length === 0 ? decoded : `select *, ${defaulted.join(', ')} from (${decoded})`;
}

function withDefault(column: TextColumn): string {
  const { flag = 'false', text, value, drift } = column;
  const { missing, empty } = drift.defaultsFor;
  const cases = [...(missing ? [flag] : []), ...(empty ? [`${text} is null`] : []), ...(drift.defaultsFor.mistyped ? [mistyped(column)] : [])];
  return `case when ${cases.join(' or ')} then ${defaultSql(column)} else ${value} end`;
}

/** The default of a column as a value of its type; null where the contract states none. */
export function defaultSql({ type, default: value }: ContractColumn): string {
  if (value === undefined) return `null::${type}`;
  const text = type === 'DATE' || type === 'TIMESTAMP' ? parseInstant(String(value)).replace('T', ' ').replace('Z', '').slice(0, type === 'DATE' ? 10 : undefined) : String(value);
  return `${quoteLiteral(text)}::${type}`;
}

/** New columns as they come, and texts that their columns cannot hold under the names that they have in the data. */
function extraSql(dataset: ContractDataset, sources: readonly TextColumn[]): string {
  const { newColumn, changedType } = driftPolicies(dataset);
  const fresh = newColumn === 'evolve' ? NEW_COLUMNS : 'null::VARCHAR';
  const typed = changedType === 'evolve' ? sources.filter(({ type }) => type !== 'VARCHAR') : [];
  if (typed.length === 0) return fresh;
  const members = typed.map((column) => `case when ${mistyped(column)} then ${quoteLiteral(`${JSON.stringify(column.physicalName)}:`)} || to_json(${column.text})::VARCHAR end`);
  return `case when ${typed.map(mistyped).join(' or ')} then '{' || concat_ws(',', substr(${fresh}, 2, length(${fresh}) - 2), ${members.join(', ')}) || '}' else ${fresh} end`;
}

/** Without a key the whole row tells rows apart, and with it what is kept aside: no row is taken for another that says more. */
function identitySql({ columns, emptyText }: ContractDataset, keepsExtra: boolean): string {
  const ofColumns = rowIdSql(columns, emptyText);
  const keyed = columns.some(({ keyPosition }) => keyPosition !== undefined);
  return keyed || !keepsExtra ? ofColumns : `case when ${EXTRA} is null then ${ofColumns} else md5(concat_ws(chr(31), ${ofColumns}, ${EXTRA})) end`;
}

function deletedSql({ deletes }: ContractDataset, records: boolean): string {
  const byRow = deletes === undefined ? [] : [`coalesce(try((${deletes})), false)`];
  const terms = [...byRow, ...(records ? [TOMBSTONE] : [])];
  return terms.length === 0 ? 'false' : terms.join(' or ');
}

function listsSql(rules: readonly Judged[], records: boolean): string[] {
  const of = (...outcomes: Judged['outcome'][]): Judged[] => rules.filter(({ outcome }) => outcomes.includes(outcome));
  return [`${listSql(of('quarantine', 'freeze'), records)} as ${BROKEN_RULES}`, `${listSql(of('discard'), false)} as ${DISCARDS}`, `${listSql(of('note'), false)} as ${REMARKS}`];
}

/** The list is built for the few rows that break a rule; for all others only the conditions are evaluated. */
function listSql(rules: readonly Judged[], records: boolean): string {
  // A record without values is nothing but that.
  const poisoned = records ? `when ${POISON} is not null then [${POISON}] ` : '';
  if (rules.length === 0) return poisoned ? `case ${poisoned}end` : 'null::VARCHAR[]';
  const any = (condition: (rule: Judged) => string): string => [...new Set(rules.map((rule) => `(${condition(rule)})`))].join(' or ');
  const ids = rules.map(({ id, broken }) => `case when ${broken} then ${quoteLiteral(id)} end`).join(', ');
  const told = `list_filter([${ids}], lambda id: id is not null)`;
  const broken = any((rule) => rule.broken);
  const suspect = any((rule) => rule.suspect ?? rule.broken);
  return `case ${poisoned}when ${suspect} then ${suspect === broken ? told : `case when ${broken} then ${told} end`} end`;
}
