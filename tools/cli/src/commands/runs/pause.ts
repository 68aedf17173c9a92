import type { Command } from 'commander';
import { action, colour, print, type ExitCode } from '../../output';
import { layHand } from '../../run-hand';
import { onRun, type HandOptions } from '../../run-session';
import { operator } from '../../temporal';

interface Options extends HandOptions {
  readonly reason?: string;
}

export function register(parent: Command): void {
  parent
    .command('pause')
    .argument('<run>', 'a run id, the beginning of one, or a workflow id')
    .description('Hold an open run before its next stage; it keeps its interval.')
    .option('--reason <text>', 'why, for those who see it')
    .option('--watch', 'show the stages until the run has ended')
    .option('--json', 'where the run stands, as JSON')
    .addHelpText('after', '\nExamples:\n  weir runs pause run/retail/2010-12-01_2010-12-02 --reason "the warehouse is being moved"\n  weir runs pause 01a204a6')
    .action(action(pause));
}

function pause(name: string, options: Options): Promise<ExitCode> {
  return onRun(name, options, async ({ temporal, run }) => {
    const progress = await layHand(temporal, run, 'pause', { reason: options.reason, by: operator() });
    const atWork = progress.stages.filter(({ state }) => state === 'running').map(({ stage }) => stage);
    const say = () => print(`  ${colour.good('Paused')} ${run.workflowId}${atWork.length > 0 ? `; ${atWork.join(', ')} ends first` : ''}.`, colour.faint(`  weir runs resume ${run.runId}`));
    return { progress, say };
  });
}
