import { attemptStage, type Deps } from './attempt';
import type { StageInput, StageResult } from './shapes';

export interface LoadInput extends StageInput {
  /** Position in the definition, from 0. */
  readonly destination: number;
  readonly snapshot: number;
  /** Whether tables that a stream writes are brought there, too. */
  readonly restate?: boolean | undefined;
}

/** Brings one destination to a snapshot, in one transaction. Rows in: those that changed, with those that tables refused, which are in quarantine; rows out: those in the tables now. */
export function load(deps: Deps) {
  return (input: LoadInput): Promise<StageResult> =>
    attemptStage(deps, 'load', input, async (call) => {
      const { destination, snapshot, restate = false } = input;
      const request = { context: call.context, destination, snapshot, restate };
      const { tables } = await call.result(deps.clients.load.load(request, call.options));
      const details = tables.map((table) => ({ name: table.table, rowsIn: table.insertedOrUpdated + table.deleted + table.refused, rowsOut: table.rowsInTable, milliseconds: table.milliseconds }));
      const sum = (key: 'rowsIn' | 'rowsOut') => details.reduce((total, detail) => total + detail[key], 0);
      call.note({ details, rules: tables.flatMap(({ rules }) => rules), rowsIn: sum('rowsIn'), rowsOut: sum('rowsOut'), rowsQuarantined: tables.reduce((total, { refused }) => total + refused, 0) });
      return {};
    });
}
