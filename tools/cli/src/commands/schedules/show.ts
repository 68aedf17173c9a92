import { connect, type Clients } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, print, printJson } from '../../output';
import { findRun } from '../../run-find';
import { paintedStatus } from '../../run-words';
import { readSchedule } from '../../schedule/read-schedules';
import type { ScheduleView } from '../../schedule/schedule';
import { scheduleLines } from '../../schedule/schedule-lines';
import { withTemporal } from '../../temporal';
import { localZone } from '../../time-words';

interface Options {
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('show')
    .argument('<pipeline>', 'a pipeline with a schedule')
    .description('One schedule: its next and last runs, missed ticks, and who paused it.')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  weir schedules show retail')
    .action(action(show));
}

async function show(pipeline: string, { json }: Options): Promise<void> {
  const platform = await platformState();
  const schedule = await withTemporal(platform, (temporal) => readSchedule(temporal, pipeline));
  if (json) return printJson(schedule);
  const clients = connect({ metadata: platform.services.metadata });
  try {
    const words = await statusWords(clients, schedule);
    print(...scheduleLines(schedule, { now: Date.now(), zone: localZone() }, ({ runId }) => words.get(runId) ?? ''));
  } finally {
    clients.close();
  }
}

/** How the runs stand that a schedule names; those that wait to begin, or that metadata cannot be asked about, have no word. */
async function statusWords(clients: Clients, { recent, running }: ScheduleView): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set([...running, ...recent].map(({ runId }) => runId))];
  const answers = await Promise.all(ids.map((id) => findRun(clients, id).catch(() => undefined)));
  return new Map(answers.flatMap((answer) => (answer?.run ? [[answer.run.runId, paintedStatus(answer.run.status)] as const] : [])));
}
