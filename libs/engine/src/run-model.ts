import { join } from 'node:path';
import { WeirError, isWeirError, qualifiedName, type Model } from '@weir/core';
import { bindModel, type Binding } from './bind-model';
import type { ModelInput } from './bind-tables';
import type { ModelWork } from './dataset-views';
import type { Engine } from './engine';
import { ofModel } from './model-error';
import { writeParquet, type ParquetFile } from './parquet';
import { rowBinding } from './row-binding';
import { typedRows } from './typed-rows';

/** What one model gave: files in the staging folder, and the rows of each partition that do not delete their key, also of partitions without. */
export interface ModelOutput {
  readonly dataset: string;
  readonly files: readonly ParquetFile[];
  readonly partitions: readonly { readonly partition: string; readonly rows: number }[];
}

/** One model over inputs that an engine has. */
export interface BoundModel {
  readonly work: ModelWork;
  readonly model: Model;
  /** By dataset, as models of this scope see them; more than the model reads. */
  readonly inputs: ReadonlyMap<string, ModelInput>;
}

export interface ModelRun extends BoundModel {
  /** The engine's staging folder. */
  readonly staging: string;
}

/** Runs one model and writes its rows. Throws MODEL_FAILED with the model's file, and line and column where the engine names them, where the SQL does not fit the data, and as the engine does. */
export async function runModel(engine: Engine, run: ModelRun): Promise<ModelOutput> {
  const dataset = qualifiedName(run.model);
  return withStatements(run, async (statements) => {
    const files = await writeRows(engine, run, statements);
    return { dataset, files, partitions: countPartitions(dataset, files, run.work.partitions) };
  });
}

/** Gives `body` the statements that together give a model's rows, typed, with its partition and, over rows, what identifies and deletes them. What `body` throws becomes an error of the model. */
export async function withStatements<T>(run: BoundModel, body: (statements: readonly string[]) => Promise<T>): Promise<T> {
  try {
    const bound = await bindModel(run.model.sql, inputsOf(run), bindingOf(run));
    return await body(bound.map((rows) => typedRows(run.model, rows)));
  } catch (error) {
    throw isWeirError(error) ? await ofModel(error, { pipeline: run.work.definition.name, model: run.model, inputs: run.inputs, gone: goneFrom(run) }) : error;
  }
}

function inputsOf({ model, inputs }: BoundModel): Map<string, ModelInput> {
  return new Map(
    model.inputs.map((dataset) => {
      const input = inputs.get(dataset);
      if (input === undefined) throw new WeirError({ code: 'UNKNOWN_DATASET', message: `${qualifiedName(model)} reads \`${dataset}\`, which this run does not have.`, place: model.file });
      return [dataset, input];
    }),
  );
}

function bindingOf({ model, work: { definition, partitions } }: BoundModel): Binding {
  if (model.scope === 'row') return rowBinding(definition, model);
  return model.scope === 'interval' ? { scope: 'interval', partitions } : { scope: 'history' };
}

async function writeRows(engine: Engine, run: ModelRun, statements: readonly string[]): Promise<ParquetFile[]> {
  const dataset = qualifiedName(run.model);
  const [first = '', ...more] = statements;
  const overRows = run.model.scope === 'row';
  const write = (rows: string): Promise<ParquetFile[]> =>
    // Rows of a row model come in the order of its input, which is by partition.
    writeParquet(engine, { select: rows, dir: join(run.staging, dataset), name: dataset, sorted: overRows, deleting: overRows });
  if (more.length === 0) return write(first);
  await engine.run(`create temp table _weir_rows as ${first}`, dataset);
  for (const statement of more) await engine.run(`insert into _weir_rows ${statement}`, dataset);
  const files = await write('from _weir_rows');
  await engine.run('drop table _weir_rows', dataset);
  return files;
}

function countPartitions(dataset: string, files: readonly ParquetFile[], partitions: readonly string[]): ModelOutput['partitions'] {
  const rows = new Map(partitions.map((partition) => [partition, 0]));
  for (const found of files.flatMap((file) => file.partitions)) {
    const before = rows.get(found.partition);
    if (before === undefined) throw new WeirError({ code: 'INTERNAL', message: `${dataset} has rows in the partition ${found.partition}, which is not in this run.` });
    rows.set(found.partition, before + found.rows);
  }
  return [...rows].map(([partition, count]) => ({ partition, rows: count }));
}

/** Columns that the model was compiled with and that other pipelines no longer give. */
function goneFrom({ model, work }: BoundModel): string[] {
  return model.inputs.flatMap((input) => (work.upstream.get(input)?.gone ?? []).map((column) => `${input}.${column}`));
}
