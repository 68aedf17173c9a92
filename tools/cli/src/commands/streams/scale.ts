import type { Command } from 'commander';
import { action, colour, print, printJson } from '../../output';
import { onStream } from '../../stream/hand';
import { parseConsumers } from '../../stream/start';

interface Options {
  readonly reason?: string;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('scale')
    .argument('<pipeline>', 'a pipeline whose stream runs')
    .argument('<consumers>', 'members of its consumer group, 1 to 64; those beyond the partitions of the topic have nothing to do')
    .description('Change how many consumers a stream has, while it runs.')
    .option('--reason <text>', 'why, for those who see it')
    .option('--json', 'where the stream stands, as JSON')
    .addHelpText('after', '\nExample:\n  weir streams scale clickstream 4')
    .action(action(scale));
}

function scale(pipeline: string, text: string, { reason, json }: Options): Promise<void> {
  const consumers = parseConsumers(text, '<consumers>');
  return onStream(pipeline, 'scale', { consumers, reason }, (progress, stream) => {
    if (json) return printJson({ ...stream, progress });
    print(`  ${colour.good('Scaled')} ${stream.workflowId} to ${consumers === 1 ? '1 consumer' : `${consumers} consumers`}.`, colour.faint(`  weir streams show ${stream.pipeline}`));
  });
}
