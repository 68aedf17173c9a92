import type { Clients } from '@weir/rpc';
import type { PlatformState } from '@weir/servers';
import { colour, count, print, table } from '../output';
import { withTemporal } from '../temporal';
import { playDay, type Told } from './drift-day';
import { DriftStage } from './drift-stage';
import { DRIFT_STEPS } from './drift-steps';
import { playTaken } from './drift-taken';
import { playWidened } from './drift-widened';

/**
 * Shows how a contract meets data that changes: days of a copy of examples/retail arrive one after another, each with another change, under the policy that its contract states.
 * Throws INTERNAL where a run, its rules or the warehouse's tables are not what was written down for it, and what applies and runs throw.
 */
export async function driftDemo(platform: PlatformState, clients: Clients): Promise<void> {
  await withTemporal(platform, async (temporal) => {
    const stage = await DriftStage.open(platform, clients, temporal);
    try {
      stage.title('The example');
      stage.say('the folder', `${stage.folder.path}, a copy of examples/retail`);
      await stage.apply();
      const told: Told[] = [];
      for (const step of DRIFT_STEPS) told.push(await playDay(stage, step));
      told.push(await playWidened(stage), await playTaken(stage));
      print('', colour.strong('What changed, and what came of it'), summary(told), '', `  ${count(stage.compared)} texts and numbers are what was written down: ends of runs, rules, tables of the warehouse.`);
    } finally {
      await stage.close();
    }
  });
}

function summary(told: readonly Told[]): string {
  const columns = [{ title: 'day' }, { title: 'change' }, { title: 'policy' }, { title: 'lines', align: 'right' as const }, { title: 'what came of it' }];
  return table(columns, told.map(({ date, change, policy, rows, outcome }) => [date, change, policy, count(rows), outcome]));
}
