import { WeirError } from '@weir/core';
import { RunStatus, connect, type Run } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, colour, count, print, printJson, seconds, table } from '../../output';
import { elapsedMs, intervalWord, kindWord, paintedStatus, paintedVerdict, statusWord } from '../../run-words';

interface Options {
  readonly pipeline?: string;
  readonly limit: string;
  readonly status?: string;
  readonly json?: boolean;
}

const MAX_LIMIT = 1_000;

export function register(parent: Command): void {
  parent
    .command('list')
    .description('Runs, newest first.')
    .option('--pipeline <name>', 'only those of one pipeline')
    .option('--status <status>', 'only those that are running, succeeded, failed, "delivery failed" or cancelled')
    .option('--limit <number>', `at most this many, up to ${MAX_LIMIT}`, '20')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  weir runs list --pipeline retail\n  weir runs list --status failed --limit 5')
    .action(action(list));
}

async function list({ pipeline = '', limit, status, json }: Options): Promise<void> {
  const request = { pipeline, limit: parseLimit(limit), status: parseStatus(status) };
  const { services } = await platformState();
  const clients = connect({ metadata: services.metadata });
  try {
    const { runs } = await clients.runs.listRuns(request);
    if (json) printJson({ runs });
    else if (runs.length === 0) print('  No runs.');
    else print(listing(runs, Date.now()));
  } finally {
    clients.close();
  }
}

function listing(runs: readonly Run[], now: number): string {
  const right = 'right' as const;
  const columns = [{ title: 'run' }, { title: 'pipeline' }, { title: 'interval' }, { title: 'kind' }, { title: 'status' }, { title: 'verdict' }, { title: 'read', align: right }, { title: 'quarantined', align: right }, { title: 'took', align: right }, { title: 'started' }, { title: '' }];
  return table(columns, runs.map((run) => listed(run, now)));
}

function listed(run: Run, now: number): string[] {
  const { runId, pipeline, kind, status, verdict, accounts, startedAt, endedAt, error } = run;
  const read = accounts ? count(accounts.read) : '';
  const quarantined = accounts ? count(accounts.quarantined) : '';
  return [runId, pipeline, intervalWord(run), kindWord(kind), paintedStatus(status), paintedVerdict(verdict), read, quarantined, seconds(elapsedMs(startedAt, endedAt, now)), startedAt.slice(0, 19), colour.bad(error?.code ?? '')];
}

function parseLimit(text: string): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw new WeirError({ code: 'INVALID_VALUE', place: '--limit', message: `\`${text}\` is not a limit.`, fix: `Give a number from 1 to ${MAX_LIMIT}.` });
  return limit;
}

const STATUSES = [RunStatus.RUNNING, RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.DELIVERY_FAILED, RunStatus.CANCELLED];

function parseStatus(text: string | undefined): RunStatus {
  if (text === undefined) return RunStatus.UNSPECIFIED;
  const status = STATUSES.find((one) => statusWord(one) === text.toLowerCase().replace(/[_-]/g, ' '));
  if (!status) throw new WeirError({ code: 'INVALID_VALUE', place: '--status', message: `\`${text}\` is not a status.`, fix: `Use ${STATUSES.map(statusWord).join(', ')}.` });
  return status;
}
