import type { Command } from 'commander';
import { onBackfill } from '../../backfill/hand';
import { intervalCount } from '../../backfill/plan-lines';
import { action, colour, print, printJson } from '../../output';

interface Options {
  readonly reason?: string;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('pause')
    .argument('<backfill>', '<pipeline>/<name>, or a workflow id')
    .description('Start no further interval, and stop open runs before their next stage; they keep their place.')
    .option('--reason <text>', 'why, for those who see it')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  weir backfills pause retail/2010-12-01_2011-12-10-missing --reason "the source is being repaired"')
    .action(action(pause));
}

function pause(backfill: string, { reason, json }: Options): Promise<void> {
  return onBackfill(backfill, 'pause', reason, async (_temporal, _clients, progress, workflowId) => {
    if (json) return printJson({ workflowId, progress });
    const open = progress.open.length > 0 ? `; ${intervalCount(progress.open.length)} stop before their next stage` : '';
    print(`  ${colour.good('Paused')} ${workflowId}${open}.`, colour.faint(`  weir backfills resume ${workflowId}`));
  });
}
