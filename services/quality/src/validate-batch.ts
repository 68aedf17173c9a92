import { WeirError, type ValidatedBatch } from '@weir/core';
import { withSpan } from '@weir/platform';
import { InlineEncoding, type Accounts, type InlineBatch, type StreamContext, type ValidateBatchRequest, type ValidateBatchResponse } from '@weir/rpc';
import { closeAccounts } from './accounts';
import { batchPlan, type BatchPlan } from './batch-plans';
import { countBatchRules, recordRejects, rejectsOf } from './batch-rejects';
import type { Dependencies } from './dependencies';
import { quarantineRecords } from './quarantine-records';
import { recordColumns, type RecordColumns } from './record-columns';
import { runBatch } from './run-batch';

/** Both ways to validate write the same stage, so that a record is one row of quarantine however it came. */
const STAGE = 'validate';

/**
 * A micro-batch of a stream to typed bronze rows. What the contract does not admit is in quarantine, durably, before the answer; a batch that is repeated adds nothing there.
 *
 * Throws INVALID_VALUE for a batch that is not what it says, BATCH_TOO_LARGE for more than 3 MiB of rows, PIPELINE_NOT_FOUND, CANCELLED, BUSY, UNAVAILABLE (Postgres, metadata, or the
 * registry of a format that needs one), DISK_FULL, MEMORY_LIMIT, ENGINE_FAILED.
 */
export async function validateBatch(dependencies: Dependencies, request: ValidateBatchRequest, signal: AbortSignal): Promise<ValidateBatchResponse> {
  const context = contextOf(request);
  const columns = recordColumns(request.records);
  const attributes = { 'weir.stage': STAGE, 'weir.pipeline': context.pipeline, 'weir.commit.id': context.commitId, 'weir.stream.id': context.workflowId };
  return withSpan('quality validate batch', attributes, async (span) => {
    const definition = await dependencies.definition(context.pipeline, context.definitionVersion, signal);
    const batch = batchPlan(definition);
    const result = await runBatch({ ...dependencies, columns, batch, engine: `${context.pipeline}@${context.definitionVersion}`, signal });
    const accounts = accountsOf(columns, result);
    const rejects = rejectsOf(result);
    const rules = countBatchRules(rejects, result, columns, batch.plan.rules);
    span.setAttributes({ 'weir.rows.read': accounts.read, 'weir.rows.admitted': accounts.admitted, 'weir.rows.duplicate': accounts.duplicate, 'weir.rows.quarantined': accounts.quarantined });
    if (rejects.length > 0) {
      span.setAttribute('weir.quarantine.samples', rules.flatMap(({ samples }) => samples).slice(0, 5));
      const kept = { pipeline: context.pipeline, runId: context.runId, dataset: batch.source.dataset, contractVersion: definition.contract.version, stage: STAGE };
      await quarantineRecords(dependencies.pool, dependencies.lake, kept, recordRejects(rejects, columns, batch.plan.rules), 'keep', signal);
    }
    return { bronze: bronzeOf(batch, result), accounts, rules };
  });
}

function contextOf({ context }: ValidateBatchRequest): StreamContext {
  if (!context) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request has no context.' });
  for (const field of ['pipeline', 'commitId', 'runId'] as const) {
    if (context[field] === '') throw new WeirError({ code: 'INVALID_VALUE', message: `\`${field}\` of the request's context is empty.` });
  }
  return context;
}

function accountsOf({ count }: RecordColumns, { good, admitted, quarantined }: ValidatedBatch): Accounts {
  return closeAccounts([{ partition: 'the micro-batch', read: count, admitted, duplicate: good - admitted, quarantined, filtered: 0 }]);
}

function bronzeOf({ source, plan }: BatchPlan, { rows, admitted }: ValidatedBatch): InlineBatch | undefined {
  if (rows === null) return undefined;
  return { dataset: `bronze.${source.dataset}`, columns: plan.columns.map(({ name }) => name), encoding: InlineEncoding.NDJSON, rows: admitted, data: Buffer.from(rows.buffer, rows.byteOffset, rows.length) };
}
