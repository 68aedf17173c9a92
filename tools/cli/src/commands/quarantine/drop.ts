import { connect } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, colour, count, print, printJson } from '../../output';
import { rowFilterOf, withRows, type RowOptions } from '../../quarantine/row-options';
import { operator } from '../../temporal';

interface Options extends RowOptions {
  readonly all?: boolean;
  readonly reason: string;
  readonly json?: boolean;
}

/** Of one call, which drops a hundred thousand rows at most. */
const DROP_MS = 120_000;

export function register(parent: Command): void {
  withRows(parent.command('drop').argument('<pipeline>', 'a pipeline').description('Give up open rows that nobody will mend: they stay in the list as dropped, and their originals are removed.'))
    .requiredOption('--reason <text>', 'why, for the audit')
    .option('--all', 'all open rows of the pipeline')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  weir quarantine drop retail --rule too_few_fields --reason "lines of a broken export"\n  weir quarantine drop retail --row 17 --row 18 --reason "test rows"')
    .action(action(drop));
}

async function drop(pipeline: string, { all = false, reason, json, ...rows }: Options): Promise<void> {
  const filter = rowFilterOf(rows);
  const { services } = await platformState();
  const clients = connect({ quality: services.quality });
  try {
    const once = () => clients.quarantine.dropRows({ pipeline, filter, all, reason, by: operator() }, { timeoutMs: DROP_MS });
    let last = await once();
    const { openBefore } = last;
    let { dropped } = last;
    while (last.more) {
      last = await once();
      dropped += last.dropped;
    }
    const { openAfter } = last;
    if (json) printJson({ dropped, openBefore, openAfter });
    else print(`  ${colour.good('Dropped')} ${count(dropped)} ${dropped === 1 ? 'row' : 'rows'}; open rows: ${count(openBefore)} before, ${count(openAfter)} now.`);
  } finally {
    clients.close();
  }
}
