import { isWeirError, qualifiedName, WeirError, type Definition } from '@weir/core';
import { explainFailure, MAX_OUTPUT_BYTES, planBatch, type BatchPlan, type BatchRow } from '@weir/engine';
import { StageGate, withSpan } from '@weir/platform';
import { InlineEncoding, type InlineBatch, type StreamContext, type TransformBatchRequest, type TransformBatchResponse } from '@weir/rpc';
import type { Dependencies } from './dependencies';

const MAX_INPUT_BYTES = 3 * 1024 * 1024;

/** Batches that are worked on at a time; those of one pipeline take turns in its engine. */
const CONCURRENT = 8;

type BatchTransformer = (request: TransformBatchRequest, signal: AbortSignal) => Promise<TransformBatchResponse>;

export interface BatchDependencies extends Pick<Dependencies, 'warm'> {
  readonly metadata: Pick<Dependencies['metadata'], 'definition'>;
}

/** One batch, and what is done with it. */
interface Batch {
  readonly context: StreamContext;
  readonly bronze: InlineBatch;
  readonly plan: BatchPlan;
}

/**
 * Runs the row models of a stream over one micro-batch, all in one statement that is prepared once for each version of a definition.
 * Throws INVALID_VALUE, PIPELINE_NOT_FOUND, BATCH_TOO_LARGE for more than 3 MiB in or 3.5 MiB out, MODEL_FAILED with the model's file and the row's position where the SQL does not fit the data, MEMORY_LIMIT, BUSY,
 * CANCELLED, UNAVAILABLE, ENGINE_FAILED.
 */
export function batchTransformer(dependencies: BatchDependencies): BatchTransformer {
  const gate = new StageGate(CONCURRENT);
  const planOf = plannedOnce();
  return async ({ context, bronze }, signal) => {
    if (!context?.pipeline || !context.definitionVersion || !bronze) throw invalid('The request has no whole stream context, or no rows.', 'Give pipeline, definition_version and bronze.');
    const attributes = { 'weir.pipeline': context.pipeline, 'weir.commit.id': context.commitId, 'weir.stage': 'transform', 'weir.rows.in': bronze.rows };
    return withSpan('transform batch', attributes, async (span) => {
      const definition = await dependencies.metadata.definition(context.pipeline, context.definitionVersion, signal);
      const plan = await planOf(definition);
      assertReadable(plan, bronze);
      if (bronze.rows === 0 || plan.tables.length === 0) return { tables: [] };
      const tables = await gate.run(signal, () => transform(dependencies, { context, bronze, plan }, signal));
      span.setAttribute('weir.rows.out', tables.reduce((sum, { rows }) => sum + rows, 0));
      return { tables };
    });
  };
}

/** Definitions are kept by who reads them, and a plan as long as its definition. */
function plannedOnce(): (definition: Definition) => Promise<BatchPlan> {
  const plans = new WeakMap<Definition, Promise<BatchPlan>>();
  return (definition) => {
    const known = plans.get(definition);
    if (known) return known;
    const plan = planBatch(definition);
    plans.set(definition, plan);
    plan.catch(() => plans.delete(definition));
    return plan;
  };
}

function assertReadable({ source, columns: wanted }: BatchPlan, { dataset, columns, encoding, data }: InlineBatch): void {
  if (dataset !== source) throw invalid(`The batch is of \`${dataset}\`, and the pipeline reads \`${source}\`.`, 'Give the rows that ValidateBatch admitted.');
  if (columns.join() !== wanted.join()) throw invalid(`The batch has the columns ${columns.join(', ')}, not ${wanted.join(', ')}.`, 'Give the rows that ValidateBatch admitted.');
  if (encoding !== InlineEncoding.NDJSON) throw invalid('The batch is not NDJSON.', 'Give the rows that ValidateBatch admitted.');
  if (data.length > MAX_INPUT_BYTES) throw tooLarge(`The batch has ${data.length} bytes; the most is ${MAX_INPUT_BYTES}.`);
}

async function transform({ warm }: Pick<Dependencies, 'warm'>, { context, bronze, plan }: Batch, signal: AbortSignal): Promise<InlineBatch[]> {
  try {
    const [row] = await warm.rows<BatchRow>(engineOf(context), plan.statement(plan.tables.length), [bronze.data], signal);
    return row ? tablesOf(plan, row) : [];
  } catch (error) {
    if (!isWeirError(error) || error.code !== 'MODEL_FAILED') throw error;
    throw await explainFailure({ pipeline: context.pipeline, plan, data: bronze.data, error }, (statement, data) => warm.rows(engineOf(context), statement, [data], signal));
  }
}

function engineOf({ pipeline, definitionVersion }: StreamContext): string {
  return `${pipeline}@${definitionVersion}`;
}

function tablesOf({ tables }: BatchPlan, row: BatchRow): InlineBatch[] {
  if (row.bytes > MAX_OUTPUT_BYTES) throw tooLarge(`The models make ${row.bytes} bytes of the batch; the most is ${MAX_OUTPUT_BYTES}.`);
  return tables.flatMap(({ model, columns }, n): InlineBatch[] => {
    const [rows, data] = [row[`rows_${n}`], row[`csv_${n}`]];
    if (typeof rows !== 'number' || !(data instanceof Uint8Array)) return [];
    return [{ dataset: qualifiedName(model), columns: columns.map(({ name }) => name), encoding: InlineEncoding.CSV, rows, data }];
  });
}

function invalid(message: string, fix: string): WeirError {
  return new WeirError({ code: 'INVALID_VALUE', message, fix, stage: 'transform' });
}

function tooLarge(message: string): WeirError {
  return new WeirError({ code: 'BATCH_TOO_LARGE', message, stage: 'transform' });
}
