import type { ReplayInput } from '@weir/orchestrator';
import { connect } from '@weir/rpc';
import { platformState, type PlatformState } from '@weir/servers';
import type { Command } from 'commander';
import { parseRate } from '../../backfill/backfill-input';
import { action, colour, print, printJson, type ExitCode } from '../../output';
import { followReplay, replayIdOf, replayLines, startReplay } from '../../quarantine/replay';
import { rowFilterOf, withRows, type RowOptions } from '../../quarantine/row-options';
import { tryAll } from '../../quarantine/trial';
import { trialLines } from '../../quarantine/trial-lines';
import { operator, withTemporal } from '../../temporal';

interface Options extends RowOptions {
  readonly dryRun?: boolean;
  readonly rate?: string;
  readonly reason?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  withRows(parent.command('replay').argument('<pipeline>', 'a pipeline').description('Run the grains again from raw in which open rows would land under the newest contract. Rows that still break it stay.'))
    .option('--dry-run', 'only say how many would land and why others stay')
    .option('--rate <n/unit>', 'at most so many grains, such as 30/m, 1/s or 100/h; default 60/m')
    .option('--reason <text>', 'why, for the audit')
    .option('--watch', 'follow it to its end')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  weir quarantine replay retail --dry-run\n  weir quarantine replay retail --rule unit_price_not_negative --reason "the rule was wrong" --watch\n\nGrains are replayed whole: other rows of theirs that would land do so too. Doing it twice changes nothing. With --watch: exit code 1 when grains failed.')
    .action(action(replay));
}

async function replay(pipeline: string, options: Options): Promise<ExitCode> {
  const filter = rowFilterOf(options);
  const ratePerMinute = parseRate(options.rate);
  const platform = await platformState();
  const clients = connect({ metadata: platform.services.metadata, quality: platform.services.quality });
  try {
    await clients.definitions.getDefinition({ pipeline, version: 0 });
    if (options.dryRun) {
      const trial = await tryAll(clients, pipeline, filter);
      if (options.json) printJson(trial);
      else print(...trialLines(trial));
      return 0;
    }
  } finally {
    clients.close();
  }
  const { runId, rule, partition, rows, before } = filter;
  return begin(platform, { pipeline, run: runId || undefined, rule: rule || undefined, grain: partition || undefined, rows: rows.length > 0 ? rows : undefined, before: before || undefined, ratePerMinute, reason: options.reason, by: operator() }, options);
}

async function begin(platform: PlatformState, input: ReplayInput, { watch = false, json = false }: Options): Promise<ExitCode> {
  const { pipeline } = input;
  const workflowId = replayIdOf(pipeline);
  return withTemporal(platform, async (temporal) => {
    await startReplay(temporal, input);
    if (!watch) {
      if (json) printJson({ workflowId, started: true });
      else print(`  ${colour.good('Started')} ${workflowId}.`, colour.faint(`  temporal workflow query --type progress --workflow-id ${workflowId}`));
      return 0;
    }
    const result = await followReplay(temporal, pipeline, json);
    if (json) printJson({ workflowId, ...result });
    else print(...replayLines(result));
    return result.failed + result.cancelled + result.busy + result.waiting > 0 ? 1 : 0;
  });
}
