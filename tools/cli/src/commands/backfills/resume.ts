import type { Command } from 'commander';
import { onBackfill } from '../../backfill/hand';
import { intervalCount } from '../../backfill/plan-lines';
import { action, colour, print, printJson } from '../../output';

interface Options {
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('resume')
    .argument('<backfill>', '<pipeline>/<name>, or a workflow id')
    .description('Let a paused backfill go on.')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  weir backfills resume retail/2010-12-01_2011-12-10-missing')
    .action(action(resume));
}

function resume(backfill: string, { json }: Options): Promise<void> {
  return onBackfill(backfill, 'resume', undefined, async (_temporal, _clients, progress, workflowId) => {
    if (json) return printJson({ workflowId, progress });
    print(`  ${colour.good('Resumed')} ${workflowId}; ${intervalCount(progress.open.length + progress.queued)} to go.`);
  });
}
