import type { ContractDataset } from '../contract/contract';
import { EXTRA } from '../contract/decode-sql';
import { driftPolicies } from '../contract/drift';
import { NEW_COLUMNS } from '../contract/text-relation';
import { quoteLiteral } from '../sql/quote';

/** SQL for the names of a decoded row's columns that the contract does not name; null where there are none. Where they are kept aside they lie beside texts that their columns could not hold. */
export function newNamesSql(dataset: ContractDataset, decoded: string): string {
  if (driftPolicies(dataset).newColumn !== 'evolve') return `json_keys(${decoded}.${NEW_COLUMNS})`;
  const known = dataset.columns.map(({ physicalName }) => quoteLiteral(physicalName)).join(', ');
  return `list_filter(json_keys(${decoded}.${EXTRA}), lambda key: not list_contains([${known}], key))`;
}
