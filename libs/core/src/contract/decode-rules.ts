import type { RowRule, Severity } from '../check/check';
import { quoteIdent } from '../sql/quote';
import type { ContractColumn, ContractDataset } from './contract';
import { typeName } from './decode-column';
import { type ColumnDrift, columnDrift, type DriftPolicies, driftPolicies, type DriftPolicy, newColumnOutcome, type Outcome } from './drift';
import { mentions } from './mentions';
import { POISON_REASONS } from './poison';
import { missingFlag, NEW_COLUMNS } from './text-relation';

/** A rule as decoding applies it. */
export interface DecodeRule {
  readonly id: string;
  readonly severity: Severity;
  /** What is wrong with a row that breaks it; never holds a value of the row. */
  readonly reason: string;
  /** What becomes of such a row. */
  readonly outcome: Outcome;
}

/** A rule and how to find the rows that break it. */
export interface Judged extends DecodeRule {
  /** Boolean SQL that is true where the rule is broken; null counts as not broken. */
  readonly broken: string;
  /** The same, cheaper, and true for some rows too that do not break the rule: these are looked at closely. Absent where `broken` is cheap. */
  readonly suspect?: string | undefined;
}

/** A column with what decoding knows of it: the names of its text and of its decoded value within the decoding SELECT. */
export interface TextColumn extends ContractColumn {
  readonly text: string;
  readonly value: string;
  readonly drift: ColumnDrift;
  /** BOOLEAN column that says whether a row lacks it; undefined where it does not matter. */
  readonly flag: string | undefined;
}

/** What the rules of rows that lack a column begin with. */
export const MISSING = 'missing:';

/** Rule of rows that have columns which the contract does not name. */
export const NEW_COLUMN = 'new_column';

/** The columns of a dataset as decoding sees them. */
export function textColumns(dataset: ContractDataset, records: boolean): TextColumn[] {
  const policies = driftPolicies(dataset);
  return dataset.columns.map((column, index) => {
    const drift = columnDrift(column, policies, { records });
    const defaulted = Object.values(drift.defaultsFor).includes(true);
    return { ...column, drift, text: `_weir_text_${index}`, value: defaulted ? `_weir_value_${index}` : quoteIdent(column.name), flag: drift.missing && missingFlag(dataset, column) };
  });
}

/** Reasons why a record has no values at all; such a record is nothing but that. */
export const POISON_RULES: readonly DecodeRule[] = POISON_REASONS.map(([id, reason]) => ({ id, severity: 'critical', reason, outcome: 'quarantine' }));

/**
 * All rules of a dataset in the order in which they are told: columns that are new, missing, of another type, empty, then the contract's row rules.
 * `ofLiving` makes a condition that rows which delete their key do not meet: they need their key and nothing else.
 */
export function judgedRules(dataset: ContractDataset, columns: readonly TextColumn[], ofLiving: (condition: string) => string): Judged[] {
  const policies = driftPolicies(dataset);
  const living = ({ keyPosition }: TextColumn, rule: Judged): Judged => (keyPosition === undefined ? { ...rule, broken: ofLiving(rule.broken), suspect: rule.suspect && ofLiving(rule.suspect) } : rule);
  return [
    { ...newColumnRule(policies), broken: ofLiving(`${NEW_COLUMNS} is not null`) },
    ...columns.flatMap((column) => missingRule(column).map((rule) => living(column, rule))),
    ...columns.flatMap(typeRule),
    ...columns.flatMap((column) => requiredRule(column).map((rule) => living(column, rule))),
    ...dataset.rules.map((rule) => rowRule(rule, columns)).map((rule) => ({ ...rule, broken: ofLiving(rule.broken) })),
  ];
}

/** SQL that is true where a row's text is not of its column's type. */
export function mistyped({ type, text, value }: TextColumn): string {
  return type === 'VARCHAR' ? 'false' : `(${text} is not null and ${value} is null)`;
}

const KEPT: Readonly<Partial<Record<DriftPolicy, string>>> = { evolve: '; it is kept aside until it does', discard_value: '; it is left out' };

function newColumnRule(policies: DriftPolicies): DecodeRule {
  const outcome = newColumnOutcome(policies);
  return told(NEW_COLUMN, outcome, `The contract does not name the column${KEPT[policies.newColumn] ?? fate(outcome)}.`);
}

function missingRule(column: TextColumn): Judged[] {
  const { name, drift, flag, text } = column;
  if (!drift.missing || flag === undefined) return [];
  return [{ ...told(`${MISSING}${name}`, drift.missing, `${name} is missing${drift.missing === 'note' ? instead(column, 'missing') : fate(drift.missing)}.`), broken: flag, suspect: `${text} is null` }];
}

function typeRule(column: TextColumn): Judged[] {
  const { name, type, drift } = column;
  if (type === 'VARCHAR') return [];
  return [{ ...told(`type:${name}`, drift.mistyped, `${name} is not ${typeName(type)}${drift.mistyped === 'note' ? instead(column, 'mistyped') : fate(drift.mistyped)}.`), broken: mistyped(column) }];
}

function requiredRule(column: TextColumn): Judged[] {
  const { name, drift, text, flag } = column;
  if (!drift.empty) return [];
  const empty = flag === undefined ? `${text} is null` : `${text} is null and not ${flag}`;
  return [{ ...told(`required:${name}`, drift.empty, `${name} is empty${drift.empty === 'note' ? instead(column, 'empty') : fate(drift.empty)}.`), broken: empty, suspect: `${text} is null` }];
}

/** A predicate that fails with an error (a cast, say) is broken; it never ends the run. A column of the wrong type is reported once, as that. */
function rowRule(rule: RowRule, columns: readonly TextColumn[]): Judged {
  const holds = `coalesce(try(coalesce((${rule.predicate}), true)), false)`;
  const unknown = columns.filter((column) => column.type !== 'VARCHAR' && mentions(rule.predicate, column.name)).map((column) => `not ${mistyped(column)}`);
  const outcome = rule.severity === 'critical' ? 'quarantine' : 'note';
  return { id: rule.id, severity: rule.severity, outcome, reason: `This does not hold: ${rule.description}.`.replace('..', '.'), broken: [...unknown, `not ${holds}`].join(' and ') };
}

function told(id: string, outcome: Outcome, reason: string): DecodeRule {
  return { id, severity: outcome === 'quarantine' || outcome === 'freeze' ? 'critical' : 'warning', reason, outcome };
}

function fate(outcome: Outcome): string {
  return outcome === 'discard' ? '; the row is left out' : '';
}

/** What a row has in the column that goes on all the same. */
function instead({ default: value, drift }: TextColumn, state: keyof ColumnDrift['defaultsFor']): string {
  if (drift.defaultsFor[state]) return `; the contract's default ${JSON.stringify(value)} stands there`;
  return state === 'empty' ? '' : '; null stands there';
}
