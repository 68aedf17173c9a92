import { WeirError, type BatchReject, type ValidatedBatch } from '@weir/core';
import { withSpan } from '@weir/platform';
import { InlineEncoding, Severity, type Accounts, type InlineBatch, type StreamContext, type ValidateBatchRequest, type ValidateBatchResponse } from '@weir/rpc';
import { closeAccounts } from './accounts';
import { batchPlan, type BatchPlan } from './batch-plans';
import { countBatchRules, recordRejects, rejectsOf } from './batch-rejects';
import type { Dependencies } from './dependencies';
import { frozen } from './frozen';
import { measured } from './measured';
import { quarantineRecords } from './quarantine-records';
import { recordColumns, type RecordColumns } from './record-columns';
import { runBatch } from './run-batch';
import { watchChecks } from './watch-checks';

/** Both ways to validate write the same stage, so that a record is one row of quarantine however it came. */
const STAGE = 'validate';

/**
 * A micro-batch of a stream to typed bronze rows. What the contract does not admit is in quarantine, durably, before the answer; a batch that is repeated adds nothing there.
 *
 * Throws INVALID_VALUE for a batch that is not what it says, CONTRACT_FROZEN at the first record that the contract is frozen for, BATCH_TOO_LARGE for more than 3 MiB of rows, PIPELINE_NOT_FOUND, CANCELLED, BUSY, UNAVAILABLE (Postgres, metadata, or the
 * registry of a format that needs one), DISK_FULL, MEMORY_LIMIT, ENGINE_FAILED.
 */
export async function validateBatch(dependencies: Dependencies, request: ValidateBatchRequest, signal: AbortSignal): Promise<ValidateBatchResponse> {
  const context = contextOf(request);
  const { pipeline } = context;
  const attributes = { 'weir.stage': STAGE, 'weir.pipeline': pipeline, 'weir.commit.id': context.commitId, 'weir.stream.id': context.workflowId };
  return withSpan('quality validate batch', attributes, (span) =>
    measured(pipeline, async () => {
      const { response, samples } = await validated(dependencies, context, recordColumns(request.records), signal);
      const { read, admitted, duplicate, quarantined } = response.accounts;
      span.setAttributes({ 'weir.rows.read': read, 'weir.rows.admitted': admitted, 'weir.rows.duplicate': duplicate, 'weir.rows.quarantined': quarantined });
      if (samples.length > 0) span.setAttribute('weir.quarantine.samples', [...samples]);
      return response;
    }),
  );
}

interface Validated {
  readonly response: ValidateBatchResponse & { readonly accounts: Accounts };
  /** Positions and reasons of records that went to quarantine, five at most. */
  readonly samples: readonly string[];
}

async function validated(dependencies: Dependencies, context: StreamContext, columns: RecordColumns, signal: AbortSignal): Promise<Validated> {
  const { pipeline, definitionVersion, runId } = context;
  const definition = await dependencies.definition(pipeline, definitionVersion, signal);
  const batch = batchPlan(definition);
  const result = await runBatch({ ...dependencies, pipeline, columns, batch, engine: `${pipeline}@${definitionVersion}`, signal });
  const accounts = accountsOf(columns, result);
  const rejects = rejectsOf(result);
  refuseFrozen(rejects, columns, batch, definition.contract.version);
  const rules = countBatchRules(rejects, result, columns, batch.plan.rules);
  const refused = rules.filter(({ severity }) => severity === Severity.CRITICAL);
  const { version } = definition.contract;
  if (rejects.length > 0) {
    const kept = { pipeline, runId, dataset: batch.source.dataset, contractVersion: version, stage: STAGE, judgement: '0' };
    await quarantineRecords(dependencies.pool, dependencies.lake, kept, recordRejects(rejects, columns, batch.plan.rules), { conflict: 'keep', signal });
  }
  watchChecks(dependencies, pipeline, version, batch, result);
  return { response: { bronze: bronzeOf(batch, result), accounts, rules }, samples: refused.flatMap(({ samples }) => samples).slice(0, 5) };
}

function refuseFrozen(rejects: readonly BatchReject[], columns: RecordColumns, { plan, dataset }: BatchPlan, version: string): void {
  const freezing = new Set(plan.rules.filter(({ outcome }) => outcome === 'freeze').map(({ id }) => id));
  if (freezing.size === 0) return;
  const rows = rejects.flatMap(({ ordinal, rules, names }) => rules.filter((rule) => freezing.has(rule)).slice(0, 1).map((rule) => ({ position: columns.position(ordinal), rule, names })));
  if (rows.length > 0) throw frozen(rows.slice(0, 5), plan.rules, dataset, version);
}

function contextOf({ context }: ValidateBatchRequest): StreamContext {
  if (!context) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request has no context.' });
  for (const field of ['pipeline', 'commitId', 'runId'] as const) {
    if (context[field] === '') throw new WeirError({ code: 'INVALID_VALUE', message: `\`${field}\` of the request's context is empty.` });
  }
  return context;
}

function accountsOf({ count }: RecordColumns, { good, admitted, quarantined, filtered }: ValidatedBatch): Accounts {
  return closeAccounts([{ partition: 'the micro-batch', read: count, admitted, duplicate: good - admitted, quarantined, filtered }]);
}

function bronzeOf({ source, plan }: BatchPlan, { rows, admitted }: ValidatedBatch): InlineBatch | undefined {
  if (rows === null) return undefined;
  return { dataset: `bronze.${source.dataset}`, columns: plan.columns.map(({ name }) => name), encoding: InlineEncoding.NDJSON, rows: admitted, data: Buffer.from(rows.buffer, rows.byteOffset, rows.length) };
}
