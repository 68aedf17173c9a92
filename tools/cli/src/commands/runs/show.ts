import { connect, type Clients, type GetRunResponse } from '@weir/rpc';
import { platformState, type PlatformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, print, printJson } from '../../output';
import { links, runReport } from '../../run-report';

interface Options {
  readonly json?: boolean;
}

/** Rows of the quarantine that are shown with a run. */
const QUARANTINED = 5;

export function register(parent: Command): void {
  parent
    .command('show')
    .argument('<run>', 'a run id, the beginning of one, or a workflow id')
    .description('One run: stages, checks, accounts, quarantined rows, and why it failed.')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  weir runs show run/retail/2010-12-01_2010-12-02\n  weir runs show 01a204a6')
    .action(action(show));
}

async function show(run: string, { json }: Options): Promise<void> {
  const platform = await platformState();
  const clients = connect({ metadata: platform.services.metadata, quality: platform.services.quality });
  try {
    const answer = await clients.runs.getRun({ run });
    if (json) printJson(answer);
    else await showRun(platform, clients, answer);
  } finally {
    clients.close();
  }
}

/** Prints the whole report of a run with its first quarantined rows and where to look further. */
export async function showRun(platform: Pick<PlatformState, 'jaeger' | 'temporalUi' | 'namespace'>, clients: Clients, answer: GetRunResponse): Promise<void> {
  const { run } = answer;
  if (!run) return;
  const quarantined = (run.accounts?.quarantined ?? 0) > 0 ? await quarantinedRows(clients, run) : [];
  print(...runReport(answer, quarantined, Date.now()), '', ...links(run, platform), `  why and how: weir runs trace ${run.runId}`);
}

/** The report does not fail for want of its samples: quality may be down while metadata answers. */
async function quarantinedRows(clients: Clients, { pipeline, runId }: { pipeline: string; runId: string }) {
  const { rows } = await clients.quarantine.listRows({ pipeline, runId, limit: QUARANTINED }, { timeoutMs: 5_000 }).catch(() => ({ rows: [] }));
  return rows;
}
