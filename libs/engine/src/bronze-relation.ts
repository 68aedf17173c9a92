import { EXTRA, quoteIdent, quoteLiteral, storedValueSql, type Column, type ContractColumn, type ContractDataset } from '@weir/core';
import type { Engine } from './engine';
import { segmentRelation, type RelationSegment } from './relation';

/** Segments that were stored without the same columns. */
interface Group {
  readonly segments: RelationSegment[];
  readonly lacking: ReadonlySet<string>;
}

/**
 * As segmentRelation, of a source dataset: a column that an older contract did not name has what was kept aside for it, or the contract's default.
 * `columns` are the contract's, and those of Weir that are wanted.
 */
export async function bronzeRelation(engine: Engine, dataset: ContractDataset, segments: readonly RelationSegment[], columns: readonly Column[]): Promise<string> {
  const { columns: contract } = dataset;
  const byName = new Map(contract.map((column) => [column.name, column]));
  const groups = await groupsOf(engine, contract, segments);
  const relations = groups.map(({ segments: live, lacking }) => segmentRelation(live, [...columns, EXTRA_COLUMN], (name) => storedOf(byName.get(name), lacking, dataset)));
  const names = columns.map(({ name }) => quoteIdent(name)).join(', ');
  return `(${relations.map((relation) => `select ${names} from ${relation}`).join(' union all ')})`;
}

const EXTRA_COLUMN: Column = { name: EXTRA, type: 'VARCHAR' };

function storedOf(column: ContractColumn | undefined, lacking: ReadonlySet<string>, dataset: ContractDataset): string | undefined {
  return column && storedValueSql(column, lacking.has(column.name), dataset);
}

/** Only where the contract has defaults does it matter which file has which column. */
async function groupsOf(engine: Engine, contract: readonly ContractColumn[], segments: readonly RelationSegment[]): Promise<Group[]> {
  const defaulted = contract.filter((column) => column.default !== undefined).map(({ name }) => name);
  if (defaulted.length === 0 || segments.length === 0) return [{ segments: [...segments], lacking: new Set() }];
  const files = segments.map(({ absolutePath }) => quoteLiteral(absolutePath)).join(', ');
  const stored = await engine.rows<{ file: string; names: string[] }>(`select file_name as file, list(name) as names from parquet_schema([${files}]) group by file_name`, 'stored columns');
  const namesOf = new Map(stored.map(({ file, names }) => [file, new Set(names)]));
  const groups = new Map<string, Group>();
  for (const segment of segments) {
    const lacking = defaulted.filter((name) => !namesOf.get(segment.absolutePath)?.has(name));
    const group = groups.get(lacking.join('\n')) ?? { segments: [], lacking: new Set(lacking) };
    group.segments.push(segment);
    groups.set(lacking.join('\n'), group);
  }
  return [...groups.values()];
}
