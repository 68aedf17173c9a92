import type { Clients } from '@weir/rpc';
import type { Command } from 'commander';
import { recordOf } from '../../backfill/find-backfill';
import { onBackfill } from '../../backfill/hand';
import { tallyWords } from '../../backfill/progress-lines';
import { untilClosed } from '../../backfill/watch';
import { action, colour, print, printJson, seconds } from '../../output';
import type { Temporal } from '../../temporal';

interface Options {
  readonly reason?: string;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('cancel')
    .argument('<backfill>', '<pipeline>/<name>, or a workflow id')
    .description('End a backfill and its open runs; what was published stays. Waits until nothing of it runs.')
    .option('--reason <text>', 'why, for those who see it')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  weir backfills cancel retail/2010-12-01_2011-12-10-missing --reason "wrong year"')
    .action(action(cancel));
}

function cancel(backfill: string, { reason, json }: Options): Promise<void> {
  const asked = Date.now();
  return onBackfill(backfill, 'cancel', reason, async (temporal, clients, _progress, workflowId) => report(temporal, clients, workflowId, asked, json === true));
}

async function report(temporal: Temporal, clients: Clients, workflowId: string, asked: number, json: boolean): Promise<void> {
  await untilClosed(temporal, workflowId);
  const tookMs = Date.now() - asked;
  const record = await recordOf(clients, workflowId);
  if (json) printJson({ workflowId, tookMs, backfill: record });
  else print(`  ${colour.good('Cancelled')} ${workflowId} in ${seconds(tookMs)}${record ? `: ${tallyWords(record)}` : ''}.`);
}
