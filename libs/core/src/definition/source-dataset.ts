import type { ContractDataset } from '../contract/contract';
import type { Definition } from './definition';

/** The contract of a pipeline's source dataset, with what the source says of its texts; undefined where the contract does not have the dataset. */
export function sourceDataset({ contract, source }: Pick<Definition, 'contract' | 'source'>): ContractDataset | undefined {
  const found = contract.datasets.find(({ name }) => name === source.dataset);
  return found && source.emptyText ? { ...found, emptyText: source.emptyText } : found;
}

/** Of the data of a pipeline's source, the names of the columns that the contract says are arrays. */
export function arrayColumns(definition: Pick<Definition, 'contract' | 'source'>): ReadonlySet<string> {
  return new Set(sourceDataset(definition)?.columns.filter(({ isArray }) => isArray).map(({ physicalName }) => physicalName));
}
