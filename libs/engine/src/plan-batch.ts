import { csvRowSql, datasetShape, DELETED, jsonRowsSql, qualifiedName, type Column, type Definition, type Model } from '@weir/core';
import { bindModel } from './bind-model';
import type { ModelInput } from './bind-tables';
import { DELETED_COLUMN, PARTITION_COLUMN, ROW_COLUMNS } from './relation';
import { rowBinding } from './row-binding';
import { typedRows } from './typed-rows';
import type { WarmStatement } from './warm-engine';

/** Most bytes that the rows of all tables of a batch may have: they and their names must fit a message of 4 MiB. */
export const MAX_OUTPUT_BYTES = 3.5 * 1024 * 1024;

/** One execution of the statement: rows and CSV of table n as `rows_n` and `csv_n`, null where there are none; no CSV at all when `bytes` is more than MAX_OUTPUT_BYTES. */
export type BatchRow = { readonly bytes: number } & Readonly<Record<string, number | Uint8Array | null>>;

/** The row models of a definition over an inline batch. */
export interface BatchPlan {
  /** Qualified name of the dataset that batches are of. */
  readonly source: string;
  /** Of a batch's rows, in their order. */
  readonly columns: readonly string[];
  /** In dependency order. */
  readonly tables: readonly BatchTable[];
  /** Runs the first `models` of them; its one parameter is the bytes of the batch, at least one line of NDJSON. It gives one BatchRow. */
  statement(models: number): WarmStatement;
  /** What the models read, by dataset. */
  readonly inputs: ReadonlyMap<string, ModelInput>;
  /** Only reads the batch. */
  readonly read: WarmStatement;
}

/** What a row model gives for its table. */
export interface BatchTable {
  readonly model: Model;
  /** In the order of the CSV: the model's columns, then those that identify, trace and delete rows of the destination's table. */
  readonly columns: readonly Column[];
}

interface Step extends BatchTable {
  /** The model's rows, over the relations of the steps before it. */
  readonly rows: string;
}

/** What a plan takes and gives. */
export interface BatchScope {
  /** Qualified name of the dataset that batches are of. */
  readonly source: string;
  /** Row models in dependency order, each over the source or over one before it. */
  readonly models: readonly Model[];
}

/** Plans row models as one statement, each over the results of those that it reads: all of a definition, over what its stream brings, unless told otherwise. */
export async function planBatch(definition: Definition, { source, models }: BatchScope = wholeStream(definition)): Promise<BatchPlan> {
  const shape = datasetShape(definition, source);
  const inputs = new Map<string, ModelInput>([[source, { relation: relationOf(source), columns: shape.columns }]]);
  const steps: Step[] = [];
  for (const model of models) {
    const [rows = ''] = await bindModel(model.sql, inputs, rowBinding(definition, model));
    steps.push({ model, columns: tableColumns(model), rows: typedRows(model, rows) });
    inputs.set(qualifiedName(model), { relation: relationOf(qualifiedName(model)), columns: model.columns });
  }
  const bronze = [...shape.columns, PARTITION_COLUMN, ...ROW_COLUMNS, DELETED_COLUMN];
  const batch = `select * replace (coalesce(${DELETED}, false) as ${DELETED}) from ${jsonRowsSql(bronze, 'decode($1::BLOB)')}`;
  return {
    source,
    columns: bronze.map(({ name }) => name),
    tables: steps,
    inputs,
    statement: (models) => ({ name: 'transform batch', sql: statementSql(source, batch, steps.slice(0, models)) }),
    read: { name: 'read batch', sql: `select max(strlen(${csvRowSql(bronze)})) as longest from (${batch})` },
  };
}

function wholeStream({ source, models }: Definition): BatchScope {
  return { source: `bronze.${source.dataset}`, models: models.filter(({ scope }) => scope === 'row') };
}

function tableColumns({ columns, writeMode }: Model): Column[] {
  return writeMode === 'upsert' ? [...columns, ...ROW_COLUMNS, DELETED_COLUMN] : [...columns, PARTITION_COLUMN, ...ROW_COLUMNS];
}

/** Models cannot use names that begin with _weir. */
function relationOf(dataset: string): string {
  return `_weir_${dataset.replace('.', '_')}`;
}

function statementSql(source: string, batch: string, steps: readonly Step[]): string {
  const relations = [{ dataset: source, rows: batch, written: 0 }, ...steps.map(({ model, rows }) => ({ dataset: qualifiedName(model), rows, written: 1 }))];
  const ctes = relations.map(({ dataset, rows, written }) => {
    const readers = steps.filter(({ model }) => model.inputs.includes(dataset)).length + written;
    // What is read once need not be held.
    return `${relationOf(dataset)} as ${readers > 1 ? 'materialized' : 'not materialized'} (${rows})`;
  });
  const tables = steps.map(({ model, columns }, n) => `(select count(*) as rows_${n}, string_agg(${csvRowSql(columns)}, chr(10)) as text_${n} from ${relationOf(qualifiedName(model))}) t${n}`);
  const bytes = steps.map((_step, n) => `coalesce(strlen(text_${n}), 0)`).join(' + ');
  const results = steps.map((_step, n) => `rows_${n}, case when bytes <= ${MAX_OUTPUT_BYTES} then encode(text_${n}) end as csv_${n}`);
  return `with ${ctes.join(', ')} select bytes, ${results.join(', ')} from (select *, ${bytes} as bytes from ${tables.join(', ')})`;
}
