import type { Command } from 'commander';
import { action, colour, print, printJson } from '../../output';
import { onStream } from '../../stream/hand';

interface Options {
  readonly skipLost?: boolean;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('resume')
    .argument('<pipeline>', 'a pipeline whose stream is paused, or rests after a failure')
    .description('Let a stream go on from where its tables stand.')
    .option('--skip-lost', 'after POSITION_LOST: go on at the first record that the topic still has')
    .option('--json', 'where the stream stands, as JSON')
    .addHelpText('after', '\nExamples:\n  weir streams resume clickstream\n  weir streams resume clickstream --skip-lost')
    .action(action(resume));
}

function resume(pipeline: string, { skipLost = false, json }: Options): Promise<void> {
  return onStream(pipeline, 'resume', { skipLost }, (progress, stream) => {
    if (json) return printJson({ ...stream, progress });
    print(`  ${colour.good('Resumed')} ${stream.workflowId}${skipLost ? '; it skips what the topic no longer has' : ''}.`, colour.faint(`  weir streams show ${stream.pipeline}`));
  });
}
