import { WeirError } from '@weir/core';
import type { Command } from 'commander';
import { action, colour, print, type ExitCode } from '../../output';
import { RETRY_STAGES, layHand, parseRetryStage, retryInput, type RetryStage } from '../../run-hand';
import { afterHand, withRun, type HandOptions, type RunSession } from '../../run-session';
import { runToEnd, withTelemetry } from '../../run-to-end';
import { operator } from '../../temporal';

interface Options extends HandOptions {
  readonly fromStage?: string;
}

export function register(parent: Command): void {
  parent
    .command('retry')
    .argument('<run>', 'a run id, the beginning of one, or a workflow id')
    .description('Repeat a run that failed; of an open run, start the attempt that it waits for.')
    .option('--from-stage <stage>', `${RETRY_STAGES.join(', ')}; validate uses the raw segments that the run extracted`)
    .option('--watch', 'show the stages until the run has ended')
    .option('--json', 'the run as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  weir runs retry 01a204a6 --watch\n  weir runs retry run/retail/2010-12-01_2010-12-02 --from-stage validate\n\nA run that failed before it published begins anew; one that published and was not delivered is only delivered. Both are runs of their own, which are waited for: exit code 1 when they failed.',
    )
    .action(action(retry));
}

async function retry(name: string, options: Options): Promise<ExitCode> {
  const stage = parseRetryStage(options.fromStage);
  return withRun(name, (session) => (session.run.open ? startAttempt(session, stage, options) : repeat(session, stage, options)));
}

async function startAttempt(session: RunSession, stage: RetryStage | undefined, options: Options): Promise<ExitCode> {
  const { temporal, run } = session;
  if (stage) throw new WeirError({ code: 'NOT_POSSIBLE', place: run.runId, message: `The run is open, so it cannot be repeated from ${stage}.`, fix: 'Leave --from-stage out to start the attempt that it waits for, or cancel the run first.' });
  const progress = await layHand(temporal, run, 'retry', { by: operator() });
  return afterHand(session, { progress, say: () => print(`  ${colour.good('Trying again')} ${run.workflowId} now.`) }, options);
}

async function repeat({ platform, clients, temporal, run }: RunSession, stage: RetryStage | undefined, { watch, json }: Options): Promise<ExitCode> {
  if (!run.record) throw new WeirError({ code: 'RUN_NOT_FOUND', place: run.runId, message: 'The run never began, so there is nothing to repeat.' });
  const input = retryInput(run.record, stage);
  return withTelemetry(platform, () => runToEnd(platform, clients, temporal, input, { watch, json, interruptible: true }));
}
