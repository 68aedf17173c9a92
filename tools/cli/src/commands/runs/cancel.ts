import type { Command } from 'commander';
import { action, colour, print, printJson, seconds, type ExitCode } from '../../output';
import { findRun } from '../../run-find';
import { layHand } from '../../run-hand';
import { withRun, type RunSession } from '../../run-session';
import { followRun } from '../../run-start';
import { statusWord } from '../../run-words';
import { operator } from '../../temporal';

interface Options {
  readonly reason?: string;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('cancel')
    .argument('<run>', 'a run id, the beginning of one, or a workflow id')
    .description('End an open run; before it publishes nothing has changed. Waits until it has ended.')
    .option('--reason <text>', 'why, for those who see it')
    .option('--json', 'what came of it, as JSON')
    .addHelpText('after', '\nExample:\n  weir runs cancel run/retail/2010-12-01_2010-12-02 --reason "wrong file"')
    .action(action(cancel));
}

function cancel(name: string, { reason, json }: Options): Promise<ExitCode> {
  const asked = Date.now();
  return withRun(name, async (session) => {
    const { temporal, run } = session;
    await layHand(temporal, run, 'cancel', { reason, by: operator() });
    await followRun(temporal, run).end();
    return report(session, Date.now() - asked, json === true);
  });
}

async function report({ clients, run: { runId, workflowId } }: RunSession, tookMs: number, json: boolean): Promise<ExitCode> {
  const record = (await findRun(clients, runId))?.run;
  if (json) printJson({ runId, workflowId, tookMs, run: record });
  else {
    const published = record && record.snapshot > 0 ? `it had published snapshot ${record.snapshot}` : 'it published nothing';
    print(`  ${colour.good('Ended')} ${workflowId} in ${seconds(tookMs)}: ${record ? `${statusWord(record.status)}, ` : ''}${published}.`);
  }
  return 0;
}
