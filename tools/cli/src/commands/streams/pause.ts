import type { Command } from 'commander';
import { action, colour, print, printJson } from '../../output';
import { onStream } from '../../stream/hand';

interface Options {
  readonly reason?: string;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('pause')
    .argument('<pipeline>', 'a pipeline whose stream runs')
    .description('Load what is under way and take no more records until it is resumed; the topic keeps them.')
    .option('--reason <text>', 'why, for those who see it')
    .option('--json', 'where the stream stands, as JSON')
    .addHelpText('after', '\nExample:\n  weir streams pause clickstream --reason "the warehouse is being moved"')
    .action(action(pause));
}

function pause(pipeline: string, { reason, json }: Options): Promise<void> {
  return onStream(pipeline, 'pause', { reason }, (progress, stream) => {
    if (json) return printJson({ ...stream, progress });
    const open = progress.consumers.running > 0 ? '; its consumers end after the batches that are under way' : '';
    print(`  ${colour.good('Paused')} ${stream.workflowId}${open}.`, colour.faint(`  weir streams resume ${stream.pipeline}`));
  });
}
