import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, print, printJson } from '../../output';
import { listSchedules } from '../../schedule/read-schedules';
import { scheduleTable } from '../../schedule/schedule-lines';
import { withTemporal } from '../../temporal';
import { localZone } from '../../time-words';

interface Options {
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('list')
    .description('The schedules of all pipelines, soonest first.')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  weir schedules list\n\nA schedule is made and removed by `weir apply`, as pipeline.yaml says.')
    .action(action(list));
}

async function list({ json }: Options): Promise<void> {
  const schedules = await withTemporal(await platformState(), listSchedules);
  if (json) printJson({ schedules });
  else if (schedules.length === 0) print('  No schedules.');
  else print(scheduleTable(schedules, { now: Date.now(), zone: localZone() }));
}
