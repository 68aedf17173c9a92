import type { RunProgress } from '@weir/orchestrator';
import { RunStatus, connect, type Clients, type GetRunResponse, type Run } from '@weir/rpc';
import { platformState, type PlatformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, colour, print, printJson } from '../../output';
import { findOpenRun, findRun } from '../../run-find';
import { links, runReport } from '../../run-report';
import { handLines } from '../../run-states';
import { followRun } from '../../run-start';
import { query, withTemporal } from '../../temporal';

interface Options {
  readonly json?: boolean;
}

/** Rows of the quarantine that are shown with a run. */
const QUARANTINED = 5;

export function register(parent: Command): void {
  parent
    .command('show')
    .argument('<run>', 'a run id, the beginning of one, or a workflow id')
    .description('One run: stages, checks, accounts, quarantined rows, why it failed, and what an open one waits for.')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  weir runs show run/retail/2010-12-01_2010-12-02\n  weir runs show 01a204a6')
    .action(action(show));
}

async function show(run: string, { json }: Options): Promise<void> {
  const platform = await platformState();
  const clients = connect({ metadata: platform.services.metadata, quality: platform.services.quality });
  try {
    const answer = await findRun(clients, run);
    const progress = await progressOf(platform, answer?.run);
    if (!answer) await showWaiting(platform, clients, run, json === true);
    else if (json) printJson({ ...answer, progress });
    else await showRun(platform, clients, answer, progress);
  } finally {
    clients.close();
  }
}

/** Where an open run stands, by its own answer; the report does without it when nobody answers. */
async function progressOf(platform: PlatformState, run: Run | undefined): Promise<RunProgress | undefined> {
  if (run?.status !== RunStatus.RUNNING) return undefined;
  return withTemporal(platform, (temporal) => query<RunProgress>(temporal, run, 'progress')).catch(() => undefined);
}

/** A run that waits to begin is in no record yet: all there is, Temporal says. Throws RUN_NOT_FOUND when it does not know it either. */
async function showWaiting(platform: PlatformState, clients: Clients, name: string, json: boolean): Promise<void> {
  await withTemporal(platform, async (temporal) => {
    const { runId, workflowId } = await findOpenRun(temporal, clients, name);
    const followed = followRun(temporal, { runId, workflowId });
    const [progress, heartbeat] = [await followed.progress(), await followed.heartbeat()];
    if (json) return printJson({ run: { runId, workflowId }, stages: [], progress, heartbeat });
    print(`  ${workflowId} has not begun${heartbeat ? `: ${heartbeat}` : ''}.`, ...(progress ? handLines(progress, runId, Date.now()) : []), colour.faint(`  run ${runId}; weir runs cancel ${runId}`));
  });
}

/** Prints the whole report of a run with its first quarantined rows and where to look further. */
export async function showRun(platform: Pick<PlatformState, 'jaeger' | 'temporalUi' | 'namespace'>, clients: Clients, answer: GetRunResponse, progress?: RunProgress): Promise<void> {
  const { run } = answer;
  if (!run) return;
  const setAside = (run.accounts?.quarantined ?? 0) > 0 || answer.stages.some(({ rowsQuarantined }) => rowsQuarantined > 0);
  const quarantined = setAside ? await quarantinedRows(clients, run) : [];
  const now = Date.now();
  const waiting = progress ? handLines(progress, run.runId, now) : [];
  print(...runReport(answer, quarantined, now, waiting), '', ...links(run, platform), `  why and how: weir runs trace ${run.runId}`);
}

/** The report does not fail for want of its samples: quality may be down while metadata answers. */
async function quarantinedRows(clients: Clients, { pipeline, runId }: { pipeline: string; runId: string }) {
  const { rows } = await clients.quarantine.listRows({ pipeline, runId, limit: QUARANTINED }, { timeoutMs: 5_000 }).catch(() => ({ rows: [] }));
  return rows;
}
