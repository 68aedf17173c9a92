import type { ContractColumn, ContractDataset } from '../contract/contract';
import { type TextColumn, textColumns } from '../contract/decode-rules';
import type { PoisonReason } from '../contract/poison';
import { recordHeader } from '../contract/record-headers';
import { escaped, stepsOf } from '../contract/side-column';
import { NEW_COLUMNS, POISON, TOMBSTONE } from '../contract/text-relation';
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
 * A relation for decoding (text-relation.ts) from a relation of records with `value` (see above) and the carried columns.
 * Fields are found by the columns' physicalName: a name at the top, a path such as `$.customer.id`, or a header such as `$headers.ce_id`, which `value` has as a field (see HEADERS).
 * `quick`: no record is taken to lack a column or to have one that the contract does not name, and ODD says whether one might; that takes three quarters of the time.
 */
export function recordTextsSql(dataset: ContractDataset, relation: string, carried: readonly string[], { quick = false }: { readonly quick?: boolean } = {}): string {
  const keys = dataset.columns.filter(({ keyPosition }) => keyPosition !== undefined).toSorted((a, b) => (a.keyPosition ?? 0) - (b.keyPosition ?? 0));
  const texts = dataset.columns.map((column) => `${textSql(column, keys, dataset)} as ${quoteIdent(column.name)}`);
  const kept = carried.map(quoteIdent);
  const marked = `starts_with(value, chr(31))`;
  const tombstone = `starts_with(value, ${textLiteral(TOMBSTONE_MARK)})`;
  const object = `starts_with(value, '{') or starts_with(ltrim(value, chr(32) || chr(9) || chr(10) || chr(13)), '{')`;
  // A value that is no JSON would end the whole statement, so only what is valid is parsed.
  const json = `case when not ${marked} and (${object}) and json_valid(value) then value end`;
  const inner = `select ${[...kept, 'value', `${tombstone} as ${TOMBSTONE}`, `${json} as _weir_json`].join(', ')} from ${relation}`;
  const key = `case when ${TOMBSTONE} then value[${TOMBSTONE_MARK.length + 1}:] end`;
  const fields = `select *, from_json(_weir_json, ${quoteLiteral(structureOf(dataset.columns))}) as _weir_fields, ${key} as _weir_key from (${inner})`;
  const columns = [...kept, `${poisonSql(dataset, keys)} as ${POISON}`, TOMBSTONE, ...texts];
  if (quick) return `(select ${[...columns, ...flagsOf(dataset).map(({ flag }) => `false as ${flag}`), `null::VARCHAR as ${NEW_COLUMNS}`, `${oddSql(dataset)} as ${ODD}`].join(', ')} from (${fields}))`;
  const parsed = `select *, ${strangersSql(dataset)} as _weir_strangers from (${fields})`;
  return `(select ${[...columns, ...flagsSql(dataset), `${newColumnsSql()} as ${NEW_COLUMNS}`].join(', ')} from (${parsed}))`;
}

/** BOOLEAN: whether a record may lack a column, or have one that the contract does not name. */
export const ODD = '_weir_odd';

/** The fields at the top that no column is read from. */
function strangersSql({ columns }: ContractDataset): string {
  const names = [...new Set(columns.map(({ physicalName }) => stepsOf(physicalName)[0] ?? ''))].map(quoteLiteral);
  return `list_filter(json_keys(_weir_json), lambda name: not list_contains([${names.join(', ')}], name))`;
}

/** Where a record has no more fields than known ones with a value, none is a stranger: counting takes a third of the time that looking takes. */
function oddSql(dataset: ContractDataset): string {
  const { columns } = dataset;
  const known = columns.map((column) => `(${fieldSql(column, dataset)} is not null)::INTEGER`).join(' + ');
  const strange = columns.some((column) => byPath(column, columns)) ? `len(${strangersSql(dataset)}) > 0` : `len(json_keys(_weir_json)) > ${known}`;
  const lacking = flagsOf(dataset).map((column) => `${fieldSql(column, dataset)} is null`);
  return `(not ${TOMBSTONE} and _weir_json is not null and (${[strange, ...lacking].join(' or ')}))`;
}

/** In the order of names, so that records which only differ in the order of fields give the same text. */
function newColumnsSql(): string {
  const pointer = `'/' || replace(replace(name, '~', '~0'), '/', '~1')`;
  const member = `to_json(name)::VARCHAR || ':' || coalesce(json_extract(_weir_json, ${pointer})::VARCHAR, 'null')`;
  return `case when len(_weir_strangers) > 0 then '{' || array_to_string(list_transform(list_sort(list_distinct(_weir_strangers)), lambda name: ${member}), ',') || '}' end`;
}

/** A field that is there with null is not missing. Few fields are null, and only these are looked for. */
function flagsSql(dataset: ContractDataset): string[] {
  return flagsOf(dataset).map((column) => `case when ${fieldSql(column, dataset)} is null and not ${TOMBSTONE} then not coalesce(json_exists(_weir_json, ${pathLiteral(column)}), false) else false end as ${column.flag}`);
}

/** The columns of which it matters whether a record lacks them. */
function flagsOf(dataset: ContractDataset): TextColumn[] {
  return textColumns(dataset, true).filter(({ flag }) => flag !== undefined);
}

/** A structure for from_json with the top-level names of all columns, each as text. */
function structureOf(columns: readonly ContractColumn[]): string {
  const names = columns.filter((column) => !byPath(column, columns)).map(({ physicalName }) => [physicalName, 'VARCHAR']);
  // A structure needs a field.
  return JSON.stringify(names.length > 0 ? Object.fromEntries(names) : { _weir_none: 'VARCHAR' });
}

/** Whether a column is looked up by its path: also where names differ in nothing but their case, which those of a structure may not. */
function byPath(column: ContractColumn, columns: readonly ContractColumn[]): boolean {
  const { physicalName } = column;
  return physicalName.startsWith('$.') || recordHeader(column) !== undefined || columns.some((other) => other.name !== column.name && other.physicalName.toLowerCase() === physicalName.toLowerCase());
}

/** As a JSON pointer: it takes every name as it is, where a path has wildcards and quotes. */
function pathLiteral(column: ContractColumn): string {
  return quoteLiteral(stepsOf(column.physicalName).map((name) => `/${escaped(name)}`).join(''));
}

function fieldSql(column: ContractColumn, { columns }: ContractDataset): string {
  return byPath(column, columns) ? `json_extract_string(_weir_json, ${pathLiteral(column)})` : `_weir_fields.${quoteIdent(column.physicalName)}`;
}

function textSql(column: ContractColumn, keys: readonly ContractColumn[], dataset: ContractDataset): string {
  const field = fieldSql(column, dataset);
  if (!keys.includes(column)) return field;
  const named = `json_extract_string(_weir_key, ${pathLiteral(column)})`;
  // A key of one column may be plain text, or text as JSON has it; of several it is an object.
  const key = keys.length > 1 ? `case when json_valid(_weir_key) then ${named} end` : `case when _weir_key[1] not in ('{', '"') or not json_valid(_weir_key) then _weir_key when _weir_key[1] = '{' then ${named} else json_extract_string(_weir_key, '$') end`;
  return `case when ${TOMBSTONE} then ${key} else ${field} end`;
}

/** Reasons in the order in which they are looked for; null for a record that gives a row. */
function poisonSql(dataset: ContractDataset, keys: readonly ContractColumn[]): string {
  const reason = (code: PoisonReason): string => quoteLiteral(code);
  const nul = dataset.columns.map((column) => `contains(coalesce(${fieldSql(column, dataset)}, ''), chr(0))`).join(' or ');
  const cases = [
    `when starts_with(value, ${textLiteral(POISON_MARK)}) then value[${POISON_MARK.length + 1}:]`,
    ...(keys.length === 0 ? [`when ${TOMBSTONE} then ${reason('tombstone_without_key')}`] : [`when ${TOMBSTONE} and (contains(_weir_key, chr(0)) or contains(_weir_key, '\\u0000')) then ${reason('nul_character')}`, `when ${TOMBSTONE} then null`]),
    `when _weir_json is null then ${reason('undecodable')}`,
    `when contains(_weir_json, '\\u0000') and (${nul}) then ${reason('nul_character')}`,
    ...inexactCases(dataset).map((condition) => `when ${condition} then ${reason('inexact_number')}`),
  ];
  return `case ${cases.join(' ')} end`;
}

/** Exact numbers of more digits than a double has: as JSON numbers they may have lost some, as JSON text they have not. */
function inexactCases(dataset: ContractDataset): string[] {
  const precise = dataset.columns.filter(({ type }) => type === 'BIGINT' || Number(/^DECIMAL\((\d+),/.exec(type)?.[1] ?? 0) > EXACT_DIGITS);
  return precise.map((column) => {
    const field = fieldSql(column, dataset);
    // The engine writes a double with a point or an exponent. Most numbers are short, and only those that are not are looked at more closely.
    return `strlen(${field}) > ${EXACT_DIGITS} and (contains(${field}, '.') or contains(${field}, 'e')) and length(regexp_replace(${field}, '[^0-9]', '', 'g')) > ${EXACT_DIGITS} and json_type(_weir_json, ${pathLiteral(column)}) = 'DOUBLE'`;
  });
}

/** A literal for text that begins with a control character, which reads better as chr(). */
function textLiteral(mark: string): string {
  return `chr(31) || ${quoteLiteral(mark.slice(1))}`;
}
