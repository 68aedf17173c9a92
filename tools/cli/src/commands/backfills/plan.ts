import { connect } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { checkBackfillInput, withSelection, type BackfillOptions } from '../../backfill/backfill-input';
import { planOf } from '../../backfill/plan';
import { countsLine, planTable, takeLine } from '../../backfill/plan-lines';
import { action, print, printJson } from '../../output';
import { withTemporal } from '../../temporal';

interface Options extends BackfillOptions {
  readonly json?: boolean;
}

export function register(parent: Command): void {
  const command = parent.command('plan').argument('<pipeline>', 'a pipeline with a grain').description('Which intervals a backfill would take, and why; starts nothing.');
  withSelection(command)
    .option('--json', 'counts and the first 1,000 intervals as JSON')
    .addHelpText('after', '\nExamples:\n  weir backfills plan retail --interval 2010-12-01/2011-12-10\n  weir backfills plan retail --interval 2011-01-01/2011-02-01 --only stale')
    .action(action(plan));
}

async function plan(pipeline: string, options: Options): Promise<void> {
  const platform = await platformState();
  const clients = connect({ metadata: platform.services.metadata });
  try {
    const input = await checkBackfillInput(clients, pipeline, options);
    const { only = 'missing', order = 'oldest' } = input;
    const page = await withTemporal(platform, (temporal) => planOf(temporal, input));
    if (options.json) return printJson({ pipeline, interval: input.interval, only, order, ...page });
    const rows = planTable(page.intervals, page.selected);
    print(`  ${countsLine(page.counts)}`, ...(rows.length > 0 ? ['', ...rows] : []), '', `  ${takeLine(pipeline, input.interval, { only, order, ...page })}`);
  } finally {
    clients.close();
  }
}
