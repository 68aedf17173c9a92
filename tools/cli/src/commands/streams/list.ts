import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, print, printJson } from '../../output';
import { streamSummaries, summaryTable } from '../../stream/summaries';
import { withTemporal } from '../../temporal';

interface Options {
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('list')
    .description('Open streams: state, consumers, lag, rate, latency.')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  weir streams list\n  weir streams list --json | jq .streams[].totals.lag')
    .action(action(list));
}

async function list({ json }: Options): Promise<void> {
  const streams = await withTemporal(await platformState(), streamSummaries);
  if (json) printJson({ streams });
  else if (streams.length === 0) print('  No streams.');
  else print(summaryTable(streams, Date.now()));
}
