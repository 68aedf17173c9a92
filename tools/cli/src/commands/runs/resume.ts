import type { Command } from 'commander';
import { action, colour, print, type ExitCode } from '../../output';
import { layHand } from '../../run-hand';
import { onRun, type HandOptions } from '../../run-session';
import { operator } from '../../temporal';

export function register(parent: Command): void {
  parent
    .command('resume')
    .argument('<run>', 'a run id, the beginning of one, or a workflow id')
    .description('Let a paused run go on.')
    .option('--watch', 'show the stages until the run has ended')
    .option('--json', 'where the run stands, as JSON')
    .addHelpText('after', '\nExample:\n  weir runs resume run/retail/2010-12-01_2010-12-02 --watch')
    .action(action(resume));
}

function resume(name: string, options: HandOptions): Promise<ExitCode> {
  return onRun(name, options, async ({ temporal, run }) => {
    const progress = await layHand(temporal, run, 'resume', { by: operator() });
    return { progress, say: () => print(`  ${colour.good('Resumed')} ${run.workflowId}.`) };
  });
}
