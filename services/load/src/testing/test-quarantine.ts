import { WeirError } from '@weir/core';
import type { NoteRefusedRequest, RefusedRow } from '@weir/rpc';
import type { Quarantine } from '../quarantine';

/** What a quarantine is told, in memory. */
export class TestQuarantine implements Quarantine {
  readonly rows: RefusedRow[] = [];
  /** Calls that fail, before they are heard or after. */
  failing: ('before' | 'after')[] = [];

  async noteRefused({ rows }: NoteRefusedRequest): Promise<void> {
    const fails = this.failing.shift();
    if (fails !== 'before') this.rows.push(...rows);
    if (fails) throw new WeirError({ code: 'UNAVAILABLE', message: 'The quality service does not answer.' });
  }

  /** Each thing it heard once, in order of time. */
  get told(): string[] {
    return [...new Set(this.rows.map(({ table, dataset, grain, file, line, rule, became, runId }) => `${table} ${dataset} ${grain} ${file}:${line} ${became || rule} ${runId}`))];
  }
}
