import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, print, printJson } from '../../output';
import { findStream } from '../../stream/find-stream';
import { streamLines } from '../../stream/stream-lines';
import { StreamEye } from '../../stream/view';
import { watchStream } from '../../stream/watch';
import { withTemporal } from '../../temporal';

interface Options {
  readonly watch?: boolean;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('show')
    .argument('<pipeline>', 'a pipeline whose stream runs')
    .description('One stream: consumers, rates, lag, latency, accounts, archive, quarantined rows, newest rows.')
    .option('--watch', 'the live view, until Ctrl-C; the stream goes on')
    .option('--json', 'where it stands now, as JSON')
    .addHelpText('after', '\nExamples:\n  weir streams show clickstream\n  weir streams show clickstream --watch\n\nWithout a terminal --watch prints a line every 5 s.')
    .action(action(show));
}

async function show(pipeline: string, { watch, json }: Options): Promise<void> {
  const platform = await platformState();
  await withTemporal(platform, async (temporal) => {
    const stream = await findStream(temporal, pipeline);
    const eye = await StreamEye.open(platform, temporal, stream);
    try {
      if (json || !watch) {
        const view = await eye.look();
        if (json) printJson(view);
        else print(...streamLines(view, Date.now()));
        return;
      }
      const interrupted = new AbortController();
      process.once('SIGINT', () => interrupted.abort());
      const last = await watchStream(eye, interrupted.signal);
      if (last) print(...streamLines(last, Date.now()));
      print('', last?.open === false ? 'The stream has ended.' : `The stream goes on: weir streams show ${stream.pipeline}`);
    } finally {
      await eye.close();
    }
  });
}
