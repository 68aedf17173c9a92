import { connect } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { parseLimit } from '../../limit';
import { action, print, printJson } from '../../output';
import { rowFilterOf, withRows, type RowOptions } from '../../quarantine/row-options';
import { rowLines } from '../../quarantine/row-table';

interface Options extends RowOptions {
  readonly state?: string;
  readonly limit: string;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  withRows(parent.command('list').argument('<pipeline>', 'a pipeline').description('Rows that the contract did not admit or a table refused, newest first, with counts by rule.'))
    .option('--state <state>', 'only those that are open, replayed, dropped or superseded')
    .option('--limit <number>', 'show at most this many, up to 1000', '20')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  weir quarantine list retail --state open\n  weir quarantine list retail --rule type:quantity --limit 100')
    .action(action(list));
}

async function list(pipeline: string, { state, limit, json, ...rows }: Options): Promise<void> {
  const request = { pipeline, runId: '', limit: parseLimit(limit), filter: rowFilterOf(rows), status: state, summary: true };
  const { services } = await platformState();
  const clients = connect({ metadata: services.metadata, quality: services.quality });
  try {
    // A pipeline that does not exist has no rows either, and that would be no answer.
    await clients.definitions.getDefinition({ pipeline, version: 0 });
    const { rows: found, summary } = await clients.quarantine.listRows(request);
    if (json) printJson({ rows: found.map(({ original: _, key: __, headers: ___, ...row }) => row), summary });
    else if (found.length === 0) print('  No rows.');
    else print(...rowLines(found, summary));
  } finally {
    clients.close();
  }
}
