import { WeirError, type ContractDataset, type DecodeRule, type ValidatePlan } from '@weir/core';
import type { Engine } from '@weir/engine';
import { brokenReason } from './rejects';

/** A row that a frozen contract does not take. */
export interface FrozenRow {
  /** `file:line` or `topic:partition:offset`. */
  readonly position: string;
  readonly rule: string;
  readonly names?: readonly string[] | null | undefined;
}

/** Throws CONTRACT_FROZEN at the first row that the contract is frozen for. */
export async function refuseFrozen(engine: Engine, plan: ValidatePlan, contract: ContractDataset, version: string): Promise<void> {
  const rows = plan.frozen === undefined ? [] : await engine.rows<FrozenRow>(plan.frozen, 'frozen rows');
  if (rows.length > 0) throw frozen(rows, plan.decode.rules, contract, version);
}

/** CONTRACT_FROZEN for rows that a contract does not take, five at most. */
export function frozen(rows: readonly FrozenRow[], rules: readonly DecodeRule[], { name }: ContractDataset, version: string): WeirError {
  const told = rows.map(({ position, rule, names }) => ({ position, reason: brokenReason({ rules: [rule], names }, rules) }));
  return new WeirError({
    code: 'CONTRACT_FROZEN',
    stage: 'validate',
    message: `${told[0]?.reason ?? ''} The contract of ${name} (version ${version}) is frozen for that.`,
    place: told[0]?.position,
    samples: told.map(({ position, reason }) => `${position}: ${reason}`),
  });
}
