import type { Command } from 'commander';
import { action, colour, print, type ExitCode } from '../../output';
import { layHand } from '../../run-hand';
import { onRun, type HandOptions } from '../../run-session';
import { operator } from '../../temporal';

interface Options extends HandOptions {
  readonly note?: string;
}

export function register(parent: Command): void {
  parent
    .command('approve')
    .argument('<run>', 'a run id, the beginning of one, or a workflow id')
    .description('Let a run publish whose verdict is a warning; for pipelines with `approval: warning`.')
    .option('--note <text>', 'why it may be published')
    .option('--watch', 'show the stages until the run has ended')
    .option('--json', 'where the run stands, as JSON')
    .addHelpText('after', '\nExample:\n  weir runs approve run/retail/2010-12-01_2010-12-02 --note "the shop was closed that day"')
    .action(action(approve));
}

function approve(name: string, options: Options): Promise<ExitCode> {
  return onRun(name, options, async ({ temporal, run }) => {
    const progress = await layHand(temporal, run, 'approve', { note: options.note, by: operator() });
    return { progress, say: () => print(`  ${colour.good('Approved')} ${run.workflowId}; it publishes now.`) };
  });
}
