import { quoteIdent, quoteLiteral } from '../sql/quote';
import type { ContractColumn, ContractDataset } from './contract';
import { decodeColumn } from './decode-column';
import { defaultSql, EXTRA, textSql } from './decode-sql';
import { HEADERS, recordHeader } from './record-headers';

/**
 * SQL for the value of a column in stored rows, which an older contract may have judged: what was kept aside under its name comes first, as it would if the row was judged now. What stands in the column then is null, a default that
 * stood in for it, or what the contract read under another name of the data. `lacking`: the rows were stored without the column,
 * so that they have the contract's default where nothing was kept aside either. `dataset`: what empty text is.
 */
export function storedValueSql(column: ContractColumn, lacking: boolean, dataset: Pick<ContractDataset, 'emptyText'>): string {
  const [own, nested] = [`/${escaped(column.physicalName)}`, `/${stepsOf(column.physicalName).map(escaped).join('/')}`].map(quoteLiteral);
  const text = textSql(dataset, column.type, `coalesce(json_extract_string(${EXTRA}, ${own}), json_extract_string(${EXTRA}, ${nested}))`);
  const aside = decodeColumn(column, text);
  const value = `${quoteIdent(column.name)}::${column.type}`;
  if (!lacking) return `case when ${EXTRA} is null then ${value} else coalesce(${aside}, ${value}) end`;
  return `case when ${EXTRA} is not null and (json_exists(${EXTRA}, ${own}) or json_exists(${EXTRA}, ${nested})) then ${aside} else ${defaultSql(column)} end`;
}

/** Names of the fields from the top to a column's: of `$.customer.id` customer and id, of a header's HEADERS and its name. */
export function stepsOf(physicalName: string): string[] {
  const header = recordHeader({ physicalName });
  if (header !== undefined) return [HEADERS, header];
  return physicalName.startsWith('$.') ? physicalName.slice(2).split('.') : [physicalName];
}

/** A name as a JSON pointer has it. */
export function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
