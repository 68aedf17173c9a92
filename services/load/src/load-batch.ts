import { streamTable, type StagedRows, type StreamCommit } from '@weir/connectors';
import { qualifiedName, WeirError } from '@weir/core';
import { withSpan } from '@weir/platform';
import { InlineEncoding, type InlineBatch, type LoadBatchRequest, type LoadBatchResponse, type RuleCount } from '@weir/rpc';
import { withinDeadline } from './deadline';
import { streamDestination, tellOfStream, type StreamDependencies, type StreamDestination } from './stream-destination';
import { ruleCounts } from './table-job';
import { tableSpec } from './table-spec';

/** Ranges that are named on a span. */
const MAX_SPAN_RANGES = 64;

/**
 * Commits one micro-batch of a stream: rows, positions and the ledger's row in one transaction of the primary destination. Repeating it with the same
 * commit id changes nothing. Rows that a table refuses go to quarantine: the answer waits until it has heard of them, and when it cannot the batch is to be sent again. Throws what the destination and the quality service throw,
 * POSITION_MOVED and BATCH_TOO_LARGE among it, and INVALID_VALUE.
 */
export async function loadBatch(deps: StreamDependencies, request: LoadBatchRequest, signal: AbortSignal): Promise<LoadBatchResponse> {
  return withinDeadline(signal, async (bounded) => {
    const stream = await streamDestination(deps, request, bounded);
    const { tables, wasCommitted, noted } = await withSpan('load batch', attributesOf(request), async (span) => {
      const done = await deliver(stream, request, span.spanContext().traceId, bounded);
      span.setAttributes({ 'weir.rows.out': total(done, 'inserted') + total(done, 'updated'), 'weir.rows.deleted': total(done, 'deleted'), 'weir.rows.quarantined': total(done, 'refused'), 'weir.commit.repeated': done.wasCommitted });
      return done;
    });
    if (noted) await tellOfStream(deps, stream, bounded);
    const rules = tables.some(({ refused }) => refused > 0) ? await stream.destination.refusedCounts([stream.context.commitId], bounded) : [];
    const rulesOf = (table: string): RuleCount[] => ruleCounts(stream.connection, rules.filter((rule) => rule.table === table));
    return { tables: tables.map(({ table, inserted, updated, deleted, refused }) => ({ table, insertedOrUpdated: inserted + updated, deleted, refused, rules: rulesOf(table) })), wasCommitted };
  });
}

/** What leads from a row's `_weir_commit` to the trace that wrote it, and from a record's offset to its micro-batch. */
function attributesOf({ context, topic, ranges, tables }: LoadBatchRequest) {
  return {
    'weir.pipeline': context?.pipeline,
    'weir.commit.id': context?.commitId,
    'weir.rows.in': tables.reduce((sum, { rows }) => sum + rows, 0),
    'weir.positions': ranges.slice(0, MAX_SPAN_RANGES).map(({ partition, from, to }) => `${partition}:${from}-${to}`),
    'messaging.system': 'kafka',
    'messaging.destination.name': topic,
    'messaging.batch.message_count': ranges.reduce((sum, { from, to }) => sum + to - from, 0),
  };
}

function deliver(stream: StreamDestination, request: LoadBatchRequest, traceId: string, signal: AbortSignal): Promise<StreamCommit> {
  const { context, destination } = stream;
  const { cluster, topic, ranges, tables, grains, accounts } = request;
  return destination.commitBatch(
    {
      pipeline: context.pipeline,
      definitionVersion: context.definitionVersion,
      commitId: context.commitId,
      runId: context.runId,
      // Also of a trace that was not sampled: logs carry it. Without tracing it is all zeros.
      traceId: /[^0]/.test(traceId) ? traceId : '',
      cluster,
      topic,
      ranges: ranges.map(({ partition, from, to, greatestBeforeTo }) => ({ partition, from, to, greatestTimestamp: greatestBeforeTo })),
      tables: tables.filter(({ rows }) => rows > 0).map((batch) => stagedRows(stream, topic, batch)),
      grains,
      accounts: accounts && { ...accounts },
    },
    signal,
  );
}

function stagedRows({ definition, schema }: StreamDestination, topic: string, { dataset, columns, encoding, rows, data }: InlineBatch): StagedRows {
  const model = definition.models.find((each) => each.scope === 'row' && qualifiedName(each) === dataset);
  if (!model) throw new WeirError({ code: 'INVALID_VALUE', message: `The pipeline ${definition.name} has no model over rows \`${dataset}\`.` });
  if (encoding !== InlineEncoding.CSV) throw new WeirError({ code: 'INVALID_VALUE', message: `Rows of ${dataset} must be CSV.` });
  return { table: streamTable(tableSpec(model, schema), model.sequence, topic), columns, rows, data };
}

function total({ tables }: StreamCommit, count: 'inserted' | 'updated' | 'deleted' | 'refused'): number {
  return tables.reduce((sum, table) => sum + table[count], 0);
}
