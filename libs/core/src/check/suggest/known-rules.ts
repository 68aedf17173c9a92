import type { ContractDataset } from '../../contract/contract';
import type { MeasureKind } from '../measure';

/** What is said of a dataset already, so that nobody proposes it again. */
export interface KnownRules {
  /** Columns that always have values. */
  readonly required: readonly string[];
  readonly key: readonly string[];
  readonly checks: ContractDataset['checks'];
  readonly rules: ContractDataset['rules'];
}

/** Row rules of `logicalTypeOptions` that say what a kind of check says, by the options that they come from. */
const OPTIONS: Partial<Record<MeasureKind, readonly string[]>> = {
  range: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'enum'],
  set: ['enum'],
  pattern: ['pattern', 'format'],
  length: ['minLength', 'maxLength', 'enum'],
};

/** Checks that say as much as one of another kind. */
const KIN: Partial<Record<MeasureKind, readonly MeasureKind[]>> = { range: ['range', 'quantileRange', 'set'], set: ['set', 'distinctSet'], length: ['length', 'set'] };

/** Whether a kind of check would say of a column what is said of it. One check of freshness is enough for a dataset. */
export function isKnown({ required, key, checks, rules }: KnownRules, kind: MeasureKind, column: string): boolean {
  if (kind === 'nullShare' && (required.includes(column) || key.includes(column))) return true;
  if (kind === 'unique' && key.length === 1 && key[0] === column) return true;
  if (rules.some(({ id }) => (OPTIONS[kind] ?? []).some((option) => id === `${option}:${column}`))) return true;
  return checks.some(({ measure }) => {
    if (measure.kind === 'freshness') return kind === 'freshness';
    if (measure.kind === 'unique') return kind === 'unique' && measure.columns.length === 1 && measure.columns[0] === column;
    return (KIN[kind] ?? [kind]).includes(measure.kind) && 'column' in measure && measure.column === column;
  });
}
