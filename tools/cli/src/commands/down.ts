import type { Command } from 'commander';
import { stopPlatform } from '@weir/servers';
import { action, print, printJson } from '../output';

interface Options {
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('down')
    .description('Stop the platform, or what a crash left of it. Data stays.')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  weir down\n\nRemove the folder .weir afterwards to begin again with nothing.')
    .action(action(down));
}

async function down({ json }: Options): Promise<void> {
  const { ran, leftovers } = await stopPlatform();
  if (json) return printJson({ ran, leftovers });
  if (leftovers.length > 0) print(`Stopped what a crash had left running: ${leftovers.join(', ')}.`);
  else print(ran ? 'The platform is down.' : 'Nothing runs here.');
}
