import type { ContractDataset } from '../contract/contract';
import { textColumns } from '../contract/decode-rules';
import { NEW_COLUMNS } from '../contract/text-relation';
import { quoteIdent, quoteLiteral } from '../sql/quote';

/** A column of a file: of the contract, or one that the contract does not name, as people are told of it. */
export type FileColumn = { readonly name: string } | { readonly unknown: string };

/** The name of a file's column in the relation that fileTextsSql reads, by its place in the file. */
export function fileColumnName(place: number): string {
  return `c${place}`;
}

/** A relation for decoding (text-relation.ts) from one that has a file's columns by their place, and the carried columns. */
export function fileTextsSql(dataset: ContractDataset, header: readonly FileColumn[], relation: string, carried: readonly string[]): string {
  const places = new Map(header.map((column, place) => ['name' in column ? column.name : '', fileColumnName(place)]));
  const texts = dataset.columns.map(({ name }) => `${places.get(name) ?? 'null::VARCHAR'} as ${quoteIdent(name)}`);
  const flags = textColumns(dataset, false).flatMap(({ name, flag }) => (flag === undefined ? [] : [`${!places.has(name)} as ${flag}`]));
  return `(select ${[...texts, ...flags, `${newColumnsSql(header)} as ${NEW_COLUMNS}`, ...carried.map(quoteIdent)].join(', ')} from ${relation})`;
}

/** In the order of names, so that files which only differ in the order of columns give the same text. */
function newColumnsSql(header: readonly FileColumn[]): string {
  const unknown = header.flatMap((column, place) => ('unknown' in column ? [{ name: column.unknown, value: fileColumnName(place) }] : []));
  if (unknown.length === 0) return 'null::VARCHAR';
  const members = unknown.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, value }) => `${quoteLiteral(`${JSON.stringify(name)}:`)} || coalesce(to_json(${value})::VARCHAR, 'null')`);
  return `'{' || concat_ws(',', ${members.join(', ')}) || '}'`;
}
