import type { ContractColumn, ContractDataset } from '../contract/contract';
import { POISON, TOMBSTONE } from '../contract/decode-sql';
import type { PoisonReason } from '../contract/poison';
import { quoteIdent, quoteLiteral } from '../sql/quote';

/**
 * How a record's value stands in the column `value` of a relation: JSON text as it is; for a tombstone TOMBSTONE_MARK and the key as text; for a record that
 * gives no row POISON_MARK and the reason. Neither mark can begin JSON text.
 */
export const TOMBSTONE_MARK = '\u001ft';
export const POISON_MARK = '\u001fp';

/** Digits up to which JSON numbers come through unchanged: those of a double. */
const EXACT_DIGITS = 15;

/**
 * A relation of the contract's columns as text, POISON and TOMBSTONE, from a relation of records with `value` (see above) and the carried columns.
 * Fields are found by the columns' physicalName: a name at the top, or a path such as `$.customer.id`.
 */
export function recordTextsSql(dataset: ContractDataset, relation: string, carried: readonly string[]): string {
  const keys = dataset.columns.filter(({ keyPosition }) => keyPosition !== undefined).toSorted((a, b) => (a.keyPosition ?? 0) - (b.keyPosition ?? 0));
  const texts = dataset.columns.map((column) => `${textSql(column, keys)} as ${quoteIdent(column.name)}`);
  const kept = carried.map(quoteIdent);
  const marked = `starts_with(value, chr(31))`;
  const tombstone = `starts_with(value, ${textLiteral(TOMBSTONE_MARK)})`;
  const object = `starts_with(value, '{') or starts_with(ltrim(value, chr(32) || chr(9) || chr(10) || chr(13)), '{')`;
  // A value that is no JSON would end the whole statement, so only what is valid is parsed.
  const json = `case when not ${marked} and (${object}) and json_valid(value) then value end`;
  const inner = `select ${[...kept, 'value', `${tombstone} as ${TOMBSTONE}`, `${json} as _weir_json`].join(', ')} from ${relation}`;
  const key = keys.length > 0 ? `case when ${TOMBSTONE} then ${keyText(keys)} end` : 'null';
  const parsed = `select *, from_json(_weir_json, ${quoteLiteral(structureOf(dataset.columns))}) as _weir_fields, ${key} as _weir_key from (${inner})`;
  return `(select ${[...kept, `${poisonSql(dataset, keys)} as ${POISON}`, TOMBSTONE, ...texts].join(', ')} from (${parsed}))`;
}

/** A structure for from_json with the top-level names of all columns, each as text. */
function structureOf(columns: readonly ContractColumn[]): string {
  const names = columns.filter((column) => !isPath(column)).map(({ physicalName }) => [physicalName, 'VARCHAR']);
  // A structure needs a field.
  return JSON.stringify(names.length > 0 ? Object.fromEntries(names) : { _weir_none: 'VARCHAR' });
}

function isPath({ physicalName }: ContractColumn): boolean {
  return physicalName.startsWith('$.');
}

function fieldSql(column: ContractColumn): string {
  return isPath(column) ? `json_extract_string(_weir_json, ${quoteLiteral(column.physicalName)})` : `_weir_fields.${quoteIdent(column.physicalName)}`;
}

function textSql(column: ContractColumn, keys: readonly ContractColumn[]): string {
  const at = keys.indexOf(column);
  if (at < 0) return fieldSql(column);
  // A key of one column may be plain text; of several it is a JSON object.
  const plain = keys.length === 1 ? `case when starts_with(_weir_key, '{') and json_valid(_weir_key) then json_extract_string(_weir_key, ${pathLiteral(column)}) else trim(_weir_key, '"') end` : `case when json_valid(_weir_key) then json_extract_string(_weir_key, ${pathLiteral(column)}) end`;
  return `case when ${TOMBSTONE} then ${plain} else ${fieldSql(column)} end`;
}

function pathLiteral(column: ContractColumn): string {
  return quoteLiteral(isPath(column) ? column.physicalName : `$.${JSON.stringify(column.physicalName)}`);
}

function keyText(keys: readonly ContractColumn[]): string {
  return keys.length === 0 ? 'null' : `value[${TOMBSTONE_MARK.length + 1}:]`;
}

/** Reasons in the order in which they are looked for; null for a record that gives a row. */
function poisonSql(dataset: ContractDataset, keys: readonly ContractColumn[]): string {
  const reason = (code: PoisonReason): string => quoteLiteral(code);
  const cases = [
    `when starts_with(value, ${textLiteral(POISON_MARK)}) then value[${POISON_MARK.length + 1}:]`,
    ...(keys.length === 0 ? [`when ${TOMBSTONE} then ${reason('tombstone_without_key')}`] : [`when ${TOMBSTONE} then null`]),
    `when _weir_json is null then ${reason('undecodable')}`,
    ...(dataset.extraFields === 'quarantine' ? [`when len(list_filter(json_keys(_weir_json), lambda name: not list_contains([${topNames(dataset).join(', ')}], name))) > 0 then ${reason('extra_fields')}`] : []),
    `when contains(_weir_json, '\\u0000') and (${dataset.columns.map((column) => `contains(coalesce(${fieldSql(column)}, ''), chr(0))`).join(' or ')}) then ${reason('nul_character')}`,
    ...inexactCases(dataset).map((condition) => `when ${condition} then ${reason('inexact_number')}`),
  ];
  return `case ${cases.join(' ')} end`;
}

function topNames({ columns }: ContractDataset): string[] {
  const names = columns.map((column) => (isPath(column) ? (column.physicalName.slice(2).split('.')[0] ?? '') : column.physicalName));
  return [...new Set(names)].map(quoteLiteral);
}

/** Exact numbers of more digits than a double has: as JSON numbers they may have lost some, as JSON text they have not. */
function inexactCases({ columns }: ContractDataset): string[] {
  const precise = columns.filter(({ type }) => Number(/^DECIMAL\((\d+),/.exec(type)?.[1] ?? 0) > EXACT_DIGITS);
  return precise.map((column) => `length(regexp_replace(coalesce(${fieldSql(column)}, ''), '[^0-9]', '', 'g')) > ${EXACT_DIGITS} and json_type(_weir_json, ${pathLiteral(column)}) = 'DOUBLE'`);
}

/** A literal for text that begins with a control character, which reads better as chr(). */
function textLiteral(mark: string): string {
  return `chr(31) || ${quoteLiteral(mark.slice(1))}`;
}
