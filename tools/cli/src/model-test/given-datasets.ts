import { join } from 'node:path';
import { type Definition, DELETED, type ModelRowsTest, PARTITION, type Problem, datasetShape, quoteIdent, quoteLiteral, rowIdSql, sourceDataset } from '@weir/core';
import { type Engine, type RelationSegment, type UpstreamRows, writeParquet } from '@weir/engine';
import { ORDINAL, fixtureTable } from './fixture-table';
import { liveFiles } from './run-batch';

/** What a test gives, as the engine has it. */
export interface GivenDatasets {
  /** Of the pipeline's own datasets, by name. */
  readonly segments: ReadonlyMap<string, readonly RelationSegment[]>;
  readonly upstream: ReadonlyMap<string, UpstreamRows>;
  /** SQL of the rows of a dataset that has row ids and positions, in the order in which they are given; with them and the partition. */
  readonly rowsOf: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

/** Writes the rows that a test gives as segments in the staging folder, as the stages before it would. */
export async function stageGiven(engine: Engine, staging: string, definition: Definition, test: ModelRowsTest): Promise<GivenDatasets> {
  const segments = new Map<string, readonly RelationSegment[]>();
  const upstream = new Map<string, UpstreamRows>();
  const rowsOf = new Map<string, string>();
  const problems: Problem[] = [];
  const history = test.models.at(-1)?.scope === 'history';
  for (const [index, given] of test.given.entries()) {
    const table = `given_${index}`;
    const meta = [PARTITION, '_weir_row_id', '_weir_position'].map((name) => ({ name, type: 'VARCHAR' as const }));
    problems.push(...(await fixtureTable(engine, table, [...given.columns, ...meta], given.rows)));
    const foreign = definition.upstream.find(({ reference }) => reference === given.dataset);
    const rows = foreign ? plainRows(table, test) : identifiedRows(table, given.dataset, definition, test);
    const files = await writeParquet(engine, { select: `select * exclude (${ORDINAL}) from (${rows}) order by ${PARTITION}, ${ORDINAL}`, dir: join(staging, table), name: given.dataset, sorted: true });
    const written = liveFiles(files);
    if (foreign) upstream.set(given.dataset, { reference: given.dataset, segments: written, columns: foreign.columns, visible: foreign.columns, gone: [], key: [], winner: { identified: false, log: false }, whole: history || !foreign.byInterval });
    else segments.set(given.dataset, written);
    rowsOf.set(given.dataset, rows);
  }
  return { segments, upstream, rowsOf, problems };
}

/** Rows with the partition that they say, or the test's first. */
function plainRows(table: string, { partitions }: ModelRowsTest): string {
  return `select * replace (coalesce(${PARTITION}, ${quoteLiteral(partitions[0] ?? '')}) as ${PARTITION}) from ${table}`;
}

/** The same with ids and positions as bronze has them, and whether the contract takes a row for one that deletes its key. */
function identifiedRows(table: string, dataset: string, definition: Definition, test: ModelRowsTest): string {
  const { columns } = datasetShape(definition, dataset);
  const source = dataset === `bronze.${definition.source.dataset}` ? sourceDataset(definition) : undefined;
  // Offsets count from 0, lines from 1.
  const [place, first] = definition.source.type === 'kafka' ? [`${definition.source.topic}:0:`, 0] : ['given:', 1];
  const position = `coalesce(_weir_position, ${quoteLiteral(place)} || (${ORDINAL} + ${first}))`;
  const deleted = source?.deletes === undefined ? 'false' : `coalesce(try((${source.deletes})), false)`;
  const named = columns.map(({ name }) => quoteIdent(name)).join(', ');
  return `select ${ORDINAL}, ${named}, ${PARTITION}, coalesce(_weir_row_id, ${rowIdSql(columns, definition.source.emptyText)}) as _weir_row_id, ${position} as _weir_position, ${deleted} as ${DELETED} from (${plainRows(table, test)})`;
}
