import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, colour, print, printJson } from '../../output';
import { resumeSchedule } from '../../schedule/hand';
import { readSchedule } from '../../schedule/read-schedules';
import { reconcile } from '../../schedule/reconcile';
import { when } from '../../schedule/schedule-lines';
import { withTemporal, type Temporal } from '../../temporal';
import { localZone } from '../../time-words';

interface Options {
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('resume')
    .argument('<pipeline>', 'a pipeline whose schedule an operator paused')
    .description('Let a paused schedule start runs again; with `catchup: true` the missed ones are run.')
    .option('--json', 'the schedule as JSON')
    .addHelpText('after', '\nExample:\n  weir schedules resume retail\n\nA schedule that its definition pauses is resumed by taking `paused` out of pipeline.yaml.')
    .action(action(resume));
}

async function resume(pipeline: string, { json }: Options): Promise<void> {
  await withTemporal(await platformState(), (temporal) => lift(temporal, pipeline, json === true));
}

async function lift(temporal: Temporal, pipeline: string, json: boolean): Promise<void> {
  await resumeSchedule(temporal, pipeline);
  // Gaps of the pause are caught up where the definition asks for it, which only the orchestrator knows how to do.
  const reconciled = await reconcile(temporal, pipeline);
  const schedule = await readSchedule(temporal, pipeline);
  if (json) return printJson({ ...schedule, reconciled });
  const next = schedule.next[0];
  print(`  ${colour.good('Resumed')} the schedule of ${pipeline}${next ? `; next run ${when(next, { now: Date.now(), zone: localZone() })}` : ''}.`);
  if (!reconciled) print(`  ${colour.doubt('Warning')} The orchestrator does not answer; what was missed is caught up when it is back, if the pipeline asks for that.`);
}
