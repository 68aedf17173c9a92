import { join } from 'node:path';
import { WeirError, isWeirError, quoteIdent, type Model } from '@weir/core';
import { bindModel, PARTITION_COLUMN, ROW_COLUMNS, writeParquet, type Binding, type Engine, type ModelInput, type ParquetFile } from '@weir/engine';
import { qualified, type Work } from './inputs';

/** What one model gave: files in the staging folder, and the rows of each partition, also of those without. */
export interface ModelOutput {
  readonly dataset: string;
  readonly files: readonly ParquetFile[];
  readonly partitions: readonly { readonly partition: string; readonly rows: number }[];
}

export interface ModelRun {
  readonly work: Work;
  readonly model: Model;
  /** By dataset; more than the model reads. */
  readonly inputs: ReadonlyMap<string, ModelInput>;
  /** The engine's staging folder. */
  readonly staging: string;
}

/** Runs one model and writes its rows. Throws MODEL_FAILED with the model's file where the SQL does not fit the data, and as the engine does. */
export async function runModel(engine: Engine, run: ModelRun): Promise<ModelOutput> {
  const dataset = qualified(run.model);
  try {
    const statements = await bindModel(run.model.sql, inputsOf(run), bindingOf(run));
    const files = await writeRows(engine, run, statements);
    return { dataset, files, partitions: countPartitions(dataset, files, run.work.partitions) };
  } catch (error) {
    throw isWeirError(error) ? ofModel(error, run) : error;
  }
}

function inputsOf({ model, inputs }: ModelRun): Map<string, ModelInput> {
  return new Map(
    model.inputs.map((dataset) => {
      const input = inputs.get(dataset);
      if (input === undefined) throw new WeirError({ code: 'UNKNOWN_DATASET', message: `${qualified(model)} reads \`${dataset}\`, which this run does not have.`, place: model.file });
      return [dataset, input];
    }),
  );
}

function bindingOf({ model, work: { partitions } }: ModelRun): Binding {
  return model.scope === 'interval' ? { scope: 'interval', partitions } : { scope: model.scope };
}

async function writeRows(engine: Engine, run: ModelRun, statements: readonly string[]): Promise<ParquetFile[]> {
  const dataset = qualified(run.model);
  const [first = '', ...more] = statements;
  const write = (rows: string): Promise<ParquetFile[]> =>
    // Rows of a row model come in the order of its input, which is by partition.
    writeParquet(engine, { select: typed(run.model, rows), dir: join(run.staging, dataset), name: dataset, sorted: run.model.scope === 'row' });
  if (more.length === 0) return write(first);
  await engine.run(`create temp table _weir_rows as ${typed(run.model, first)}`, dataset);
  for (const statement of more) await engine.run(`insert into _weir_rows ${typed(run.model, statement)}`, dataset);
  const files = await write('from _weir_rows');
  await engine.run('drop table _weir_rows', dataset);
  return files;
}

/** The columns as the definition has them, so that every reader finds the types that apply promised. */
function typed(model: Model, rows: string): string {
  const columns = model.columns.map(({ name, type }) => `${quoteIdent(name)}::${type} as ${quoteIdent(name)}`);
  const kept = [PARTITION_COLUMN, ...(model.scope === 'row' ? ROW_COLUMNS : [])].map(({ name }) => name);
  return `select ${[...columns, ...kept].join(', ')} from (${rows})`;
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

/** The same error, with the model's file as its place, and with what other pipelines no longer give it. */
function ofModel(error: WeirError, { model, work }: ModelRun): WeirError {
  const { code, message, samples } = error;
  const gone = model.inputs.flatMap((input) => (work.upstream.get(input)?.gone ?? []).map((column) => `${input}.${column}`));
  const lacking = code === 'MODEL_FAILED' && gone.length > 0;
  const named = code === 'CANCELLED' ? message : `${qualified(model)}: ${lacking ? `${gone.join(', ')} is no longer there. ` : ''}${message}`;
  const fix = lacking ? `Change the model, and apply ${work.definition.name} again.` : error.fix;
  return new WeirError({ code, message: named, samples, fix, place: model.file, stage: 'transform' }, { cause: error });
}
