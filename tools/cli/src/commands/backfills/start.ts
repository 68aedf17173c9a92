import type { BackfillInput } from '@weir/orchestrator';
import { connect, type Clients } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { backfillName, checkBackfillInput, withSelection, type BackfillOptions } from '../../backfill/backfill-input';
import { backfillIdOf } from '../../backfill/find-backfill';
import { planOf } from '../../backfill/plan';
import { countsLine, intervalCount, takeLine } from '../../backfill/plan-lines';
import { followBackfill } from '../../backfill/show';
import { selectedBy, startBackfill } from '../../backfill/start';
import { action, colour, print, printJson, type ExitCode } from '../../output';
import { withTemporal, type Temporal } from '../../temporal';

interface Options extends BackfillOptions {
  readonly name?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  const command = parent.command('start').argument('<pipeline>', 'a pipeline with a grain').description('Run the intervals of a range that need it, as one backfill that can be paused and cancelled.');
  withSelection(command)
    .option('--name <name>', 'its name; by default the interval and what it takes')
    .option('--parallel <n>', 'intervals at a time, 1 to 64; default 4')
    .option('--rate <n/unit>', 'at most so many starts, such as 30/m, 1/s or 100/h')
    .option('--reason <text>', 'why, for those who see it')
    .option('--watch', 'follow it to its end')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  weir backfills start retail --interval 2010-12-01/2011-12-10 --parallel 8 --watch\n  weir backfills start retail --interval 2011-01-01/2011-02-01 --only stale --rate 30/m\n\nStarting a finished backfill again starts nothing. With --watch: exit code 1 when intervals failed; Ctrl-C leaves it at work.',
    )
    .action(action(start));
}

async function start(pipeline: string, options: Options): Promise<ExitCode> {
  const platform = await platformState();
  const clients = connect({ metadata: platform.services.metadata });
  try {
    const input = await checkBackfillInput(clients, pipeline, options);
    const workflowId = backfillIdOf(pipeline, backfillName(input, options.name));
    return await withTemporal(platform, (temporal) => begin(temporal, clients, workflowId, input, options));
  } finally {
    clients.close();
  }
}

async function begin(temporal: Temporal, clients: Clients, workflowId: string, input: BackfillInput, { watch = false, json = false }: Options): Promise<ExitCode> {
  const { pipeline, interval, only = 'missing', order = 'oldest' } = input;
  const { counts, selected, definitionVersion } = await planOf(temporal, input);
  const plan = { counts, selected, definitionVersion };
  if (!json) print(`  ${countsLine(counts)}`);
  if (selected === 0) {
    if (json) printJson({ workflowId, started: false, plan });
    else print(`  ${takeLine(pipeline, interval, { only, order, ...plan })}`);
    return 0;
  }
  await startBackfill(temporal, workflowId, input);
  // What its own runs have published is done for it: only the backfill itself knows how many are left.
  const taken = await selectedBy(temporal, workflowId);
  if (json && !watch) printJson({ workflowId, started: taken !== 0, selected: taken, plan });
  if (!json) print(taken === 0 ? '  Nothing to do: this backfill has done them all. Give another --name to run them again.' : `  ${colour.good('Started')} ${workflowId}${taken === undefined ? '' : ` over ${intervalCount(taken)}`}.`);
  if (watch && taken !== 0) return followBackfill(temporal, clients, workflowId, json);
  if (!json && taken !== 0) print(colour.faint(`  weir backfills show ${workflowId} --watch`));
  return 0;
}
