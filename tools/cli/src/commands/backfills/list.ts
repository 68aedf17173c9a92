import { formatInterval } from '@weir/core';
import { connect, type Backfill } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { paintedRecordState, settled } from '../../backfill/progress-lines';
import { parseLimit } from '../../limit';
import { action, colour, count, print, printJson, table } from '../../output';
import { lasting } from '../../time-words';

interface Options {
  readonly pipeline?: string;
  readonly limit: string;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('list')
    .description('Backfills, newest first.')
    .option('--pipeline <name>', 'only those of one pipeline')
    .option('--limit <number>', 'at most this many, up to 1000', '20')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  weir backfills list\n  weir backfills list --pipeline retail --limit 5')
    .action(action(list));
}

async function list({ pipeline = '', limit, json }: Options): Promise<void> {
  const request = { pipeline, limit: parseLimit(limit) };
  const { services } = await platformState();
  const clients = connect({ metadata: services.metadata });
  try {
    const { backfills } = await clients.backfills.listBackfills(request);
    if (json) printJson({ backfills });
    else if (backfills.length === 0) print('  No backfills.');
    else print(listing(backfills, Date.now()));
  } finally {
    clients.close();
  }
}

function listing(backfills: readonly Backfill[], now: number): string {
  const right = 'right' as const;
  const columns = [{ title: 'backfill' }, { title: 'interval' }, { title: 'state' }, { title: 'ended', align: right }, { title: 'failed', align: right }, { title: 'took', align: right }, { title: 'started' }, { title: 'reason' }];
  return table(columns, backfills.map((backfill) => listed(backfill, now)));
}

function listed(backfill: Backfill, now: number): string[] {
  const { workflowId, interval, selected, failed, startedAt, endedAt, reason } = backfill;
  const took = lasting((endedAt ? Date.parse(endedAt) : now) - Date.parse(startedAt));
  const bad = failed > 0 ? colour.bad(count(failed)) : '0';
  return [workflowId.replace(/^backfill\//, ''), formatInterval(interval), paintedRecordState(backfill), `${count(settled(backfill))} of ${count(selected)}`, bad, took, startedAt.slice(0, 19), reason];
}
