import { isWeirError, toWeirError, WeirError, type BatchRemark, type BatchStatements, type Check, type ValidateBatchPlan, type ValidatedBatch } from '@weir/core';
import { withChecks, type BatchPlan } from './batch-plans';
import { markedTexts, plainTexts, recordText, type BatchTexts, type RecordText } from './batch-texts';
import { decodeValues } from './decode-values';
import type { Dependencies } from './dependencies';
import type { RecordColumns } from './record-columns';
import { withHeaders } from './record-headers';
import { tellUnmeasured } from './watch-checks';

/** Rows that travel with a call. */
const MAX_INLINE_BYTES = 3 * 1024 * 1024;

/** From this share of batches in which a key comes twice on, looking first whether one does costs more than it saves: without dedupe a batch takes 0.86 of the time. */
const MOSTLY_REPEATS = 0.15;
/** Likewise of batches with records that lack a column or have a new one: without looking for these a batch takes 0.75 of the time. */
const MOSTLY_DRIFTS = 0.25;
/** How much the newest batch counts. */
const NEWEST = 0.1;

/** A micro-batch and what it is validated with. */
export interface BatchWork extends Pick<Dependencies, 'engines' | 'decoder' | 'log'> {
  readonly pipeline: string;
  readonly columns: RecordColumns;
  readonly batch: BatchPlan;
  /** Of the warm engine: a version of a pipeline's definition. */
  readonly engine: string;
  readonly signal: AbortSignal;
}

/**
 * Runs the statement of a micro-batch. Values that are JSON already go to the engine as they came; only where one of them cannot be text, or needs a mark, or the contract names headers, are they looked at
 * one by one. Throws BATCH_TOO_LARGE for more than 3 MiB of rows; a single record that gives so many is refused as `too_large`. UNAVAILABLE while a registry that is needed does not answer.
 */
export async function runBatch(work: BatchWork): Promise<ValidatedBatch> {
  const { columns, batch } = work;
  const plain = batch.source.format === 'json' && batch.headers.size === 0 ? plainTexts(columns) : undefined;
  const found = plain && (await execute(work, plain));
  if (found && found.read === columns.count) return fitting(work, found);
  const textOf = await textsOf(work);
  const marked = await execute(work, markedTexts(columns, textOf));
  if (marked.read !== columns.count) throw new WeirError({ code: 'INTERNAL', message: `Of ${columns.count} records the engine read ${marked.read}.`, stage: 'validate' });
  return fitting(work, marked);
}

async function fitting(work: BatchWork, result: ValidatedBatch): Promise<ValidatedBatch> {
  const bytes = result.rows?.length ?? 0;
  if (bytes <= MAX_INLINE_BYTES) return result;
  if (work.columns.count === 1) return execute(work, markedTexts(work.columns, () => ({ reason: 'too_large' })));
  throw new WeirError({ code: 'BATCH_TOO_LARGE', message: `The rows of ${work.columns.count} records have ${bytes} bytes; the most is ${MAX_INLINE_BYTES}.`, stage: 'validate' });
}

async function execute(work: BatchWork, texts: BatchTexts): Promise<ValidatedBatch> {
  const { batch } = work;
  const quick = batch.drifts < MOSTLY_DRIFTS ? await byKeys(work, 'quick', texts) : undefined;
  const result = quick?.odd === 0 ? quick : await byKeys(work, 'close', texts);
  const drifted = quick ? quick.odd > 0 : mayDrift(result);
  batch.drifts += NEWEST * ((drifted ? 1 : 0) - batch.drifts);
  return result;
}

/** Whether a quick statement would have found the batch odd, as far as its result tells. */
function mayDrift({ names, rejects, remarks }: ValidatedBatch): boolean {
  return names !== null || /"(?:missing|required):/.test(rejects ?? '') || (JSON.parse(remarks) as BatchRemark[]).some(({ rule, rows }) => rows > 0 && rule.startsWith('missing:'));
}

async function byKeys(work: BatchWork, look: Look, texts: BatchTexts): Promise<ValidatedBatch> {
  const { batch } = work;
  const first = batch.repeats < MOSTLY_REPEATS ? await statement(work, `${look} plain`, texts) : undefined;
  const result = first && (first.keys === first.admitted || first.odd > 0) ? first : await statement(work, `${look} deduped`, texts);
  batch.repeats += NEWEST * ((result.keys === result.good ? 0 : 1) - batch.repeats);
  return result;
}

/** How closely a statement looks, and what it takes for granted of keys. */
type Look = 'quick' | 'close';
type Which = `${Look} ${keyof BatchStatements}`;

async function statement(work: BatchWork, which: Which, texts: BatchTexts): Promise<ValidatedBatch> {
  const { batch, log, pipeline } = work;
  const { plan, dataset } = batch;
  try {
    return await runPlan(work, plan, which, texts);
  } catch (error) {
    if (!isWeirError(error) || error.code !== 'MODEL_FAILED' || plan.checks.length === 0) throw error;
    // A check that no statement takes must neither stop the stream nor hide the others.
    const result = await runPlan(work, withChecks(dataset, []), which, texts);
    const good: Check[] = [];
    for (const check of plan.checks) {
      const failure = await runPlan(work, withChecks(dataset, [check]), which, texts).then(() => undefined, toWeirError);
      if (!failure) good.push(check);
      else if (failure.code === 'MODEL_FAILED') tellUnmeasured(log, pipeline, check, failure);
      else throw failure;
    }
    batch.plan = withChecks(dataset, good);
    return result;
  }
}

async function runPlan({ engines, engine, signal }: BatchWork, plan: ValidateBatchPlan, which: Which, { ranges, texts }: BatchTexts): Promise<ValidatedBatch> {
  const [look, keys] = which.split(' ') as [Look, keyof BatchStatements];
  const [row] = await engines.rows<ValidatedBatch>(engine, { sql: plan[look][keys], name: `validate ${which}` }, [ranges, texts], signal);
  if (!row) throw new WeirError({ code: 'INTERNAL', message: 'The statement of a micro-batch gave no row.', stage: 'validate' });
  return row;
}

/** What stands for each record. */
async function textsOf(work: BatchWork): Promise<(ordinal: number) => RecordText> {
  const { columns, batch } = work;
  const textOf = await valuesOf(work);
  return batch.headers.size === 0 ? textOf : (ordinal) => withHeaders(textOf(ordinal), columns.headers(ordinal), batch.headers);
}

async function valuesOf({ columns, batch, decoder }: BatchWork): Promise<(ordinal: number) => RecordText> {
  const { count, poisoned, value, key } = columns;
  const { format } = batch.source;
  if (format === 'json') return (ordinal) => poisoned.get(ordinal) ?? recordText(value(ordinal), key(ordinal));
  const records = Array.from({ length: count }, (_, ordinal) => (poisoned.has(ordinal) ? { value: null, key: null } : { value: value(ordinal), key: key(ordinal) }));
  const texts = await decodeValues(decoder(format), records);
  return (ordinal) => poisoned.get(ordinal) ?? texts[ordinal] ?? { reason: 'undecodable' };
}
