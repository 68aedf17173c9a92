import { connect } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { findBackfill } from '../../backfill/find-backfill';
import { followBackfill, showBackfill } from '../../backfill/show';
import { action, type ExitCode } from '../../output';
import { withTemporal } from '../../temporal';

interface Options {
  readonly watch?: boolean;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('show')
    .argument('<backfill>', '<pipeline>/<name>, or a workflow id')
    .description('One backfill: how far it is, how fast, what is open, what failed.')
    .option('--watch', 'follow it to its end')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  weir backfills show retail/2010-12-01_2011-12-10-missing\n  weir backfills show backfill/retail/catchup --watch\n\nWith --watch: exit code 1 when intervals failed; Ctrl-C leaves it at work.')
    .action(action(show));
}

async function show(backfill: string, { watch = false, json = false }: Options): Promise<ExitCode> {
  const platform = await platformState();
  const clients = connect({ metadata: platform.services.metadata });
  try {
    return await withTemporal(platform, async (temporal) => {
      const found = await findBackfill(temporal, clients, backfill);
      if (watch && found.open) return followBackfill(temporal, clients, found.workflowId, json);
      await showBackfill(temporal, clients, found, json);
      return 0;
    });
  } finally {
    clients.close();
  }
}
