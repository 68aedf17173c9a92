import type { PlatformState } from '@weir/servers';
import { colour } from './output';

/** The addresses that a person opens or types, one line each. The password is not among them. */
export function addressLines({ services, temporal, temporalUi, jaeger, warehouse, lake, home }: PlatformState): string[] {
  const { host, port, database, user } = warehouse;
  const lines: [string, string][] = [
    ['Temporal', temporalUi ? `${temporal}, UI ${temporalUi}` : temporal],
    ['Jaeger', jaeger],
    ['warehouse', `Postgres ${host}:${port}, database ${database}, user ${user} (password: weir status --json)`],
    ['services', Object.entries(services).map(([name, address]) => `${name} ${address}`).join(', ')],
    ['lake', lake],
    ['logs', `${home}/logs`],
  ];
  return lines.map(([name, text]) => `  ${colour.faint(name.padEnd(10))} ${text}`);
}
