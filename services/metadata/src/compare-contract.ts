import { ColumnReaders, compileDefinition, problemsError, qualifiedName, type ColumnReader, type Contract, type Definition, type ReadChange, type VersionChange, type VersionedDefinition } from '@weir/core';
import type { CompareContractRequest, CompareContractResponse, ContractChange } from '@weir/rpc';
import { storedPipelines } from './applied-pipelines';
import { changesOfContract } from './contract-versions';
import type { Dependencies } from './dependencies';
import { readDefinition } from './pipelines';
import { rowsOf, type Queryable } from './rows';

type Parts = Pick<Dependencies, 'pool' | 'inspector'>;

/** What a folder's contract changes since its stored versions, with the readers of each column. Throws what is wrong with the contract itself, or with pipeline.yaml; models need not compile. */
export async function compareContract(dependencies: Parts, request: CompareContractRequest): Promise<CompareContractResponse> {
  const { pool, inspector } = dependencies;
  const compiled = await compileDefinition(request.files, request.root, inspector, storedPipelines(pool));
  const definition = 'definition' in compiled ? compiled.definition : undefined;
  const promised = 'definition' in compiled ? compiled.definition : compiled.promised;
  if (!promised) throw problemsError('problems' in compiled ? compiled.problems : []);
  return { pipeline: promised.name, contract: contractChanges(await readChanges(dependencies, promised, definition)) };
}

/** The changes of a contract with their readers; `definition`: the one that has it, where it compiles. */
export async function readChanges({ pool, inspector }: Parts, { name, contract }: { readonly name: string; readonly contract: Contract }, definition: Definition | undefined): Promise<ReadChange[]> {
  const changes = await changesOfContract(pool, name, contract);
  if (changes.length === 0) return [];
  const stored = await newestDefinitions(pool);
  const readers = new ColumnReaders([...(definition ? [{ definition }] : []), ...stored], inspector);
  const datasets = qualifiedNames([...(definition ? [definition] : []), ...stored.filter((one) => one.definition.name === name).map((one) => one.definition)]);
  const read: ReadChange[] = [];
  for (const change of changes) read.push({ ...change, readers: await readersOf(change, name, datasets.get(change.dataset), readers) });
  return read;
}

/** On the wire. */
export function contractChanges(changes: readonly ReadChange[]): ContractChange[] {
  return changes.map(({ dataset, kind, columns, from, to, breaks, version, mode, breaking, readers }) => ({
    dataset,
    kind,
    columns: [...columns],
    before: from,
    after: to,
    breaks: [...breaks],
    version,
    mode,
    breaking,
    readers: readers.map(({ version: of = 0, ...reader }) => ({ ...reader, version: of })),
  }));
}

async function readersOf({ columns }: VersionChange, pipeline: string, dataset: string | undefined, readers: ColumnReaders): Promise<ReadChange['readers']> {
  if (dataset === undefined) return [];
  const found: ColumnReader[] = [];
  for (const column of columns) {
    // Columns of a key may have readers in common.
    for (const reader of await readers.of(pipeline, dataset, column)) if (!found.some(({ pipeline: other, model }) => other === reader.pipeline && model === reader.model)) found.push(reader);
  }
  return found;
}

/** What models call the datasets of a contract. */
function qualifiedNames(definitions: readonly Definition[]): ReadonlyMap<string, string> {
  return new Map(definitions.flatMap(({ source, models }) => [[source.dataset, `bronze.${source.dataset}`] as const, ...models.map((model) => [model.name, qualifiedName(model)] as const)]));
}

/** Those that others may read, and those that read: all of the platform. */
async function newestDefinitions(db: Queryable): Promise<VersionedDefinition[]> {
  const rows = await rowsOf<{ name: string; version: number }>(db, 'select name, version from metadata.pipeline order by name');
  const definitions: VersionedDefinition[] = [];
  for (const { name, version } of rows) definitions.push({ definition: await readDefinition(db, name, version), version });
  return definitions;
}
