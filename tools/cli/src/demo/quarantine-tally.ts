import type { Clients } from '@weir/rpc';

/** Most that quality lists at a time. */
const LIMIT = 1_000;

/** Counts the rows of a pipeline in quarantine by rule, from a time on. Look often enough: between two looks at most 1,000 rows may come. */
export class QuarantineTally {
  private readonly seen = new Set<string>();
  private readonly counts = new Map<string, number>();

  /** `since` is milliseconds since 1970. */
  constructor(
    private readonly clients: Pick<Clients, 'quarantine'>,
    private readonly pipeline: string,
    private readonly since: number,
  ) {}

  async look(): Promise<ReadonlyMap<string, number>> {
    const { rows } = await this.clients.quarantine.listRows({ pipeline: this.pipeline, runId: '', limit: LIMIT });
    for (const { file, line, rules, quarantinedAt } of rows) {
      const position = `${file}:${line}`;
      if (Date.parse(quarantinedAt) < this.since || this.seen.has(position)) continue;
      this.seen.add(position);
      for (const rule of rules) this.counts.set(rule, (this.counts.get(rule) ?? 0) + 1);
    }
    return this.counts;
  }
}
