import { WeirError } from '@weir/core';
import { RunStatus, connect, type Run } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, colour, print, printJson } from '../../output';
import { drawTrace } from '../../trace/draw';
import { fetchTrace } from '../../trace/jaeger';
import type { Span } from '../../trace/span';

interface Options {
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('trace')
    .argument('<run>', 'a run id, the beginning of one, or a workflow id')
    .description('The trace of a run over all services, as a tree.')
    .option('--json', 'the spans as JSON')
    .addHelpText('after', '\nExample:\n  weir runs trace run/retail/2010-12-01_2010-12-02')
    .action(action(trace));
}

async function trace(name: string, { json }: Options): Promise<void> {
  const { services, jaeger } = await platformState();
  const clients = connect({ metadata: services.metadata });
  try {
    const { run } = await clients.runs.getRun({ run: name });
    if (!run?.traceId) throw new WeirError({ code: 'RUN_NOT_FOUND', place: name, message: 'The run was started without telemetry and has no trace.' });
    const spans = await traceOf(jaeger, run);
    if (json) printJson({ traceId: run.traceId, spans });
    else print(...drawTrace(spans), '', colour.faint(`  ${spans.length} spans  ${jaeger}/trace/${run.traceId}`));
  } finally {
    clients.close();
  }
}

/** Every span of a run's trace; waits for those that services have not sent yet. The workflow's own span is sent last, at its end. */
export function traceOf(jaeger: string, { traceId, runId, status }: Run): Promise<Span[]> {
  if (status === RunStatus.RUNNING) return fetchTrace(jaeger, traceId, () => true);
  return fetchTrace(jaeger, traceId, (spans) => {
    const known = new Set(spans.map(({ id }) => id));
    const closed = spans.some(({ name, runId: of }) => name.startsWith('RunWorkflow:') && of === runId);
    return closed && spans.every(({ parent }) => parent === undefined || known.has(parent));
  });
}
