import { DELETED, type Definition, type Model, type ModelRowsTest, WHOLE, qualifiedName, quoteIdent } from '@weir/core';
import { DELETED_COLUMN, DatasetViews, type Engine, type EngineOptions, type ParquetFile, type RelationSegment, runModel, segmentRelation, withEngine } from '@weir/engine';
import type { Row } from './compare-rows';
import type { GivenDatasets } from './given-datasets';

/** Runs a test's models as TransformService.Transform does: those over rows and intervals over the test's partitions, those over history over all. Gives the rows of the last one. */
export async function runBatch(options: EngineOptions, definition: Definition, test: ModelRowsTest, given: GivenDatasets): Promise<Row[]> {
  const live = new Map(given.segments);
  const histories = test.models.filter(({ scope }) => scope === 'history');
  const others = test.models.filter(({ scope }) => scope !== 'history');
  const work = { definition, upstream: given.upstream };
  if (others.length > 0) await runModels(options, { ...work, partitions: test.partitions }, others, live);
  if (histories.length > 0) await runModels(options, { ...work, partitions: [WHOLE] }, histories, live);
  return withEngine(options, (engine) => rowsOf(engine, test, live.get(test.dataset) ?? []));
}

/** Files as segments that are live, whole. */
export function liveFiles(files: readonly ParquetFile[]): RelationSegment[] {
  return files.map((file) => ({ absolutePath: file.path, partitions: file.partitions.map(({ partition }) => partition), whole: true }));
}

/** Adds what the models give to `live`. */
function runModels(options: EngineOptions, work: ConstructorParameters<typeof DatasetViews>[1], models: readonly Model[], live: Map<string, readonly RelationSegment[]>): Promise<void> {
  return withEngine(options, async (engine) => {
    const views = new DatasetViews(engine, work);
    for (const [dataset, segments] of live) await views.add(dataset, segments);
    for (const upstream of work.upstream.values()) await views.addUpstream(upstream);
    for (const model of models) {
      const output = await runModel(engine, { work, model, inputs: views.inputs(model.scope), staging: options.staging });
      live.set(output.dataset, liveFiles(output.files));
      await views.add(output.dataset, liveFiles(output.files));
    }
  });
}

/** The rows that a destination would get, as text. */
async function rowsOf(engine: Engine, { models, dataset, expect: { columns } }: ModelRowsTest, segments: readonly RelationSegment[]): Promise<Row[]> {
  const overRows = models.some((model) => model.scope === 'row' && qualifiedName(model) === dataset);
  const relation = segmentRelation(segments, overRows ? [...columns, DELETED_COLUMN] : columns);
  const rows = await engine.rows<Record<string, string | null>>(`select ${textsSql(columns)} from ${relation}${overRows ? ` where not ${DELETED}` : ''}`, dataset);
  return rows.map((row) => new Map(Object.entries(row)));
}

/** Columns as text. */
export function textsSql(columns: readonly { readonly name: string }[]): string {
  return columns.map(({ name }) => `${quoteIdent(name)}::VARCHAR as ${quoteIdent(name)}`).join(', ');
}
