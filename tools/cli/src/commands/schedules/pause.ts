import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, colour, print, printJson } from '../../output';
import { pauseSchedule } from '../../schedule/hand';
import { operator, withTemporal } from '../../temporal';

interface Options {
  readonly reason?: string;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('pause')
    .argument('<pipeline>', 'a pipeline with a schedule')
    .description('Start no more scheduled runs until it is resumed; open ones go on.')
    .option('--reason <text>', 'why, for those who see it')
    .option('--json', 'the schedule as JSON')
    .addHelpText('after', '\nExample:\n  weir schedules pause retail --reason "the source is being migrated"\n\n`weir apply` does not lift this pause.')
    .action(action(pause));
}

async function pause(pipeline: string, { reason, json }: Options): Promise<void> {
  const schedule = await withTemporal(await platformState(), (temporal) => pauseSchedule(temporal, pipeline, reason ?? `paused by ${operator()}`));
  if (json) printJson(schedule);
  else print(`  ${colour.good('Paused')} the schedule of ${pipeline}.`, colour.faint(`  weir schedules resume ${pipeline}`));
}
