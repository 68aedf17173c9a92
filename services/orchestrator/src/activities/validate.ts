import { attemptStage, type Deps } from './attempt';
import { judgementOf } from './judgement';
import { segments } from './segments';
import type { Accounts, Judgement, SegmentSet, StageInput, StageResult } from './shapes';

export interface ValidateInput extends StageInput {
  readonly raw: SegmentSet;
}

export interface Validated extends StageResult {
  readonly bronze: SegmentSet;
  readonly accounts: Accounts;
  readonly judgement: Judgement;
}

/** Raw segments → bronze, quarantine, verdict. A refused dataset throws CHECK_FAILED or QUARANTINE_LIMIT, its checks recorded. */
export function validate(deps: Deps) {
  return (input: ValidateInput): Promise<Validated> =>
    attemptStage(deps, 'validate', input, async (call) => {
      const stream = deps.clients.quality.validate({ context: call.context, raw: input.raw }, call.options);
      const result = await call.result(stream, ({ accounts, checks, verdict, score, rules }) => {
        call.note({ accounts, checks, verdict, score, rules, rowsIn: accounts?.read ?? 0, rowsOut: accounts?.admitted ?? 0, rowsQuarantined: accounts?.quarantined ?? 0 });
      });
      const accounts = result.accounts ?? { read: 0, admitted: 0, duplicate: 0, quarantined: 0, filtered: 0 };
      return { bronze: segments(result.bronze, 'quality.Validate'), accounts, judgement: judgementOf(result) };
    });
}
