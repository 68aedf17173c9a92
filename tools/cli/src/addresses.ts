import type { PlatformState } from '@weir/servers';
import { colour } from './output';

/** The addresses that a person opens or types, one line each. The password is not among them. */
export function addressLines({ services, temporal, temporalUi, jaeger, kafka, registry, onDemand, warehouse, lake, exports, home }: PlatformState): string[] {
  const { host, port, database, user } = warehouse;
  // Without a line of their own where nothing has needed them.
  const onDemandLines: [string, string][] = [...(onDemand.kafka ? [['Kafka', kafka.join(', ')] as [string, string]] : []), ...(onDemand.registry ? [['registry', registry] as [string, string]] : [])];
  const lines: [string, string][] = [
    ['Temporal', temporalUi ? `${temporal}, UI ${temporalUi}` : temporal],
    ['Jaeger', jaeger],
    ...onDemandLines,
    ['warehouse', `Postgres ${host}:${port}, database ${database}, user ${user} (password: weir status --json)`],
    ['services', Object.entries(services).map(([name, address]) => `${name} ${address}`).join(', ')],
    ['lake', lake],
    ['exports', exports],
    ['logs', `${home}/logs`],
  ];
  return lines.map(([name, text]) => `  ${colour.faint(name.padEnd(10))} ${text}`);
}
