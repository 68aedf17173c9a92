import { WeirError } from '@weir/core';
import { RunStatus, connect, type Run } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { candidateIds } from '../../backfill/find-backfill';
import { MAX_LIMIT, parseLimit } from '../../limit';
import { action, colour, count, print, printJson, seconds, table } from '../../output';
import { waitStates, waitWord, type WaitState } from '../../run-states';
import { elapsedMs, intervalWord, kindWord, paintedStatus, paintedVerdict, statusWord } from '../../run-words';

interface Options {
  readonly pipeline?: string;
  readonly backfill?: string;
  readonly limit: string;
  readonly status?: string;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('list')
    .description('Runs, newest first.')
    .option('--pipeline <name>', 'only those of one pipeline')
    .option('--backfill <backfill>', 'only those of one backfill: <pipeline>/<name>, or a workflow id')
    .option('--status <status>', 'only those that are running, succeeded, failed, "delivery failed" or cancelled')
    .option('--limit <number>', `at most this many, up to ${MAX_LIMIT}`, '20')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  weir runs list --pipeline retail\n  weir runs list --status failed --limit 5\n  weir runs list --backfill retail/2010-12-01_2011-12-10-missing --status failed\n\nThe state of an open run says whether it is paused or waits for approval.')
    .action(action(list));
}

async function list({ pipeline = '', backfill = '', limit, status, json }: Options): Promise<void> {
  const request = { pipeline, backfill: backfill && (candidateIds(backfill)[0] ?? ''), limit: parseLimit(limit), status: parseStatus(status) };
  const platform = await platformState();
  const clients = connect({ metadata: platform.services.metadata });
  try {
    const { runs } = await clients.runs.listRuns(request);
    const states = await waitStates(platform, runs);
    if (json) printJson({ runs: runs.map((run) => ({ ...run, state: stateOf(run, states) })) });
    else if (runs.length === 0) print('  No runs.');
    else print(listing(runs, states, Date.now()));
  } finally {
    clients.close();
  }
}

type States = ReadonlyMap<string, WaitState> | undefined;

/** Of an open run; undefined for closed ones, and for all when Temporal does not answer. */
function stateOf({ runId, status }: Run, states: States): WaitState | 'running' | undefined {
  return status === RunStatus.RUNNING && states ? (states.get(runId) ?? 'running') : undefined;
}

function listing(runs: readonly Run[], states: States, now: number): string {
  const right = 'right' as const;
  const columns = [{ title: 'run' }, { title: 'pipeline' }, { title: 'interval' }, { title: 'kind' }, { title: 'status' }, { title: 'state' }, { title: 'verdict' }, { title: 'read', align: right }, { title: 'quarantined', align: right }, { title: 'took', align: right }, { title: 'started' }, { title: '' }];
  return table(columns, runs.map((run) => listed(run, states, now)));
}

function listed(run: Run, states: States, now: number): string[] {
  const { runId, pipeline, kind, status, verdict, accounts, startedAt, endedAt, error } = run;
  const read = accounts ? count(accounts.read) : '';
  const quarantined = accounts ? count(accounts.quarantined) : '';
  const state = stateOf(run, states);
  const waits = state && state !== 'running' ? colour.doubt(waitWord(state)) : '';
  return [runId, pipeline, intervalWord(run), kindWord(kind), paintedStatus(status), waits, paintedVerdict(verdict), read, quarantined, seconds(elapsedMs(startedAt, endedAt, now)), startedAt.slice(0, 19), colour.bad(error?.code ?? '')];
}

const STATUSES = [RunStatus.RUNNING, RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.DELIVERY_FAILED, RunStatus.CANCELLED];

function parseStatus(text: string | undefined): RunStatus {
  if (text === undefined) return RunStatus.UNSPECIFIED;
  const status = STATUSES.find((one) => statusWord(one) === text.toLowerCase().replace(/[_-]/g, ' '));
  if (!status) throw new WeirError({ code: 'INVALID_VALUE', place: '--status', message: `\`${text}\` is not a status.`, fix: `Use ${STATUSES.map(statusWord).join(', ')}.` });
  return status;
}
