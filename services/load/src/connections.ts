import { PostgresDestination, type PostgresConnection } from '@weir/connectors';
import { WeirError } from '@weir/core';

/** The destinations that this service may deliver to, each opened at its first use. */
export class Connections {
  private readonly open = new Map<string, PostgresDestination>();

  constructor(private readonly configured: Readonly<Record<string, PostgresConnection>>) {}

  /** Throws UNKNOWN_CONNECTION for a name that is not configured. */
  destination(name: string): PostgresDestination {
    const known = this.open.get(name);
    if (known) return known;
    const connection = Object.hasOwn(this.configured, name) ? this.configured[name] : undefined;
    if (!connection) throw new WeirError({ code: 'UNKNOWN_CONNECTION', message: `The connection \`${name}\` is not configured; there is ${Object.keys(this.configured).join(', ')}.` });
    const opened = PostgresDestination.open(connection);
    this.open.set(name, opened);
    return opened;
  }

  /** Resolves when every configured destination answers. */
  async ping(): Promise<void> {
    await Promise.all(Object.keys(this.configured).map((name) => this.destination(name).ping()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.open.values()].map((destination) => destination.close()));
  }
}
