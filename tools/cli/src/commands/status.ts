import { WeirError } from '@weir/core';
import type { Command } from 'commander';
import { platformStatus, weirHome, type PlatformStatus } from '@weir/servers';
import { action, colour, print, printJson, table, type ExitCode } from '../output';

interface Options {
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('status')
    .description('Every address of the platform and whether it is healthy.')
    .option('--json', 'all of it as JSON, with the login of the warehouse')
    .addHelpText('after', '\nExamples:\n  weir status\n  weir status --json | jq .warehouse\n\nExit code 3 when the platform is down or not healthy.')
    .action(action(status));
}

async function status({ json }: Options): Promise<ExitCode> {
  const answer = await platformStatus();
  if (answer.kind === 'down') throw down(answer.leftovers);
  if (json) printJson(answer.status);
  else show(answer.status);
  return answer.status.healthy ? 0 : 3;
}

function down(leftovers: readonly string[]): WeirError {
  const place = weirHome();
  if (leftovers.length === 0) return new WeirError({ code: 'PLATFORM_DOWN', place, message: 'No platform runs here.' });
  return new WeirError({ code: 'PLATFORM_DOWN', place, message: `The supervisor is gone and left ${leftovers.join(', ')} running.`, fix: 'Run `weir up`, which stops them first, or `weir down`.' });
}

function show({ phase, services, postgres, temporal, temporalUi, jaeger, warehouse, lake, home }: PlatformStatus): void {
  const login = `database ${warehouse.database}, user ${warehouse.user}`;
  const rows = [
    ...Object.entries(services).map(([name, { address, healthy, restarts }]) => row(name, healthy, address, restarts > 0 ? `${restarts} restarts` : '')),
    row('postgres', postgres.healthy, postgres.address, postgres.how),
    row('temporal', temporal.healthy, temporal.address, temporalUi ? `UI ${temporalUi}` : ''),
    row('jaeger', jaeger.healthy, jaeger.query, jaeger.how),
    row('warehouse', postgres.healthy, `${warehouse.host}:${warehouse.port}`, login),
  ];
  print(`  ${colour.strong(phase)}`, table([{ title: 'part' }, { title: 'health' }, { title: 'address' }, { title: '' }], rows), `  lake ${lake}, logs ${home}/logs`);
}

function row(name: string, healthy: boolean, address: string, note: string): string[] {
  return [name, healthy ? colour.good('healthy') : colour.bad('down'), address, colour.faint(note)];
}
