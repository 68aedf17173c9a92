import type { Command } from 'commander';
import { untilClosed } from '../../backfill/watch';
import { action, colour, print, printJson, seconds } from '../../output';
import { onStream } from '../../stream/hand';

interface Options {
  readonly reason?: string;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('stop')
    .argument('<pipeline>', 'a pipeline whose stream runs')
    .description('End a stream: load what is under way, bring the archive up to it, and wait until nothing of it runs.')
    .option('--reason <text>', 'why, for those who see it')
    .option('--json', 'where the stream stood, as JSON')
    .addHelpText('after', '\nExample:\n  weir streams stop clickstream --reason "the sites move"\n\nStarted again, the stream goes on from where its tables stand.')
    .action(action(stop));
}

function stop(pipeline: string, { reason, json }: Options): Promise<void> {
  const asked = Date.now();
  return onStream(pipeline, 'stop', { reason }, async (progress, stream, temporal) => {
    await untilClosed(temporal, stream.workflowId);
    const tookMs = Date.now() - asked;
    if (json) printJson({ ...stream, tookMs, progress });
    else print(`  ${colour.good('Stopped')} ${stream.workflowId} in ${seconds(tookMs)}.`, colour.faint(`  weir streams start ${stream.pipeline}`));
  });
}
