import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_COMPATIBILITY, versionChanges, type Contract, type ContractDataset, type ContractVersion, type Definition, type VersionChange } from '@weir/core';
import { rowsOf, type Queryable } from './rows';

/** Most earlier versions that a new one is held against. */
const MAX_VERSIONS = 1_000;

interface Row {
  version: number;
  body: ContractDataset;
}

/** What a contract changes since the stored versions of its datasets, dataset by dataset; nothing for datasets that are new. */
export async function changesOfContract(db: Queryable, pipeline: string, contract: Contract): Promise<VersionChange[]> {
  const changes: VersionChange[] = [];
  for (const dataset of contract.datasets) changes.push(...versionChanges(await earlierVersions(db, pipeline, dataset), dataset));
  return changes;
}

/** Stores what is new in a definition's contract as the next versions of its datasets. */
export async function insertContractVersions(db: Queryable, { name, contract }: Definition, definitionVersion: number): Promise<void> {
  for (const dataset of contract.datasets) {
    const [newest] = await newestVersions(db, name, dataset.name, 1);
    const body = JSON.stringify(dataset);
    if (newest && isDeepStrictEqual(newest.body, JSON.parse(body))) continue;
    const version = (newest?.version ?? 0) + 1;
    await rowsOf(db, 'insert into metadata.contract_version (pipeline, dataset, version, definition_version, body) values ($1, $2, $3, $4, $5)', [name, dataset.name, version, definitionVersion, body]);
  }
}

/** Oldest first: all of them for a transitive mode, else the newest. */
async function earlierVersions(db: Queryable, pipeline: string, { name, compatibility = DEFAULT_COMPATIBILITY }: ContractDataset): Promise<ContractVersion[]> {
  const rows = await newestVersions(db, pipeline, name, compatibility.endsWith('_TRANSITIVE') ? MAX_VERSIONS : 1);
  return rows.reverse().map(({ version, body }) => ({ version, dataset: body }));
}

function newestVersions(db: Queryable, pipeline: string, dataset: string, limit: number): Promise<Row[]> {
  return rowsOf<Row>(db, 'select version, body from metadata.contract_version where pipeline = $1 and dataset = $2 order by version desc limit $3', [pipeline, dataset, limit]);
}
