import { quoteIdent, quoteLiteral } from '../sql/quote';
import type { Check, CheckOutcome, Measure } from './check';
import { formatActual, formatThreshold, withinThreshold, type Unit } from './threshold';

/** How a check is measured over a relation. */
export interface CompiledCheck {
  readonly check: Check;
  /** An aggregate that gives the number; many of them share one scan. */
  readonly aggregate?: string | undefined;
  /** A whole SELECT of one number, for what no single aggregate can measure. */
  readonly query?: ((relation: string) => string) | undefined;
  /** A condition on the rows that the check counts, to find samples. */
  readonly counted?: ((relation: string) => string) | undefined;
}

/** SQL for a check. Numbers come as DOUBLE. */
export function compileCheck(check: Check): CompiledCheck {
  const { measure } = check;
  switch (measure.kind) {
    case 'rowCount':
      return { check, aggregate: 'count(*)' };
    case 'duplicateValues':
      return { check, query: (relation) => duplicates(measure.columns, relation), counted: (relation) => `(${columnList(measure.columns)}) in (select ${columnList(measure.columns)} from ${relation} group by all having count(*) > 1)` };
    case 'sql':
      return { check, query: (relation) => `select (${measure.query.replaceAll('${dataset}', () => relation)})::DOUBLE as n` };
    default: {
      const condition = columnCondition(measure);
      return { check, aggregate: `count(*) filter (where ${condition})`, counted: () => condition };
    }
  }
}

/** One SELECT that measures all aggregate checks in one scan: `total` rows, and c0, c1, … in the order given. */
export function measureTogether(checks: readonly CompiledCheck[], relation: string): string {
  const numbers = checks.map((compiled, index) => `(${compiled.aggregate ?? 'null'})::DOUBLE as c${index}`);
  return `select ${['count(*)::DOUBLE as total', ...numbers].join(', ')} from ${relation}`;
}

/** The outcome of a check whose number was measured over `total` rows. */
export function judge(check: Check, dataset: string, measured: number, total: number): CheckOutcome {
  const percent = check.threshold.unit === 'percent';
  // No rows, no share of them that is bad.
  const actual = percent ? (total === 0 ? 0 : (measured / total) * 100) : measured;
  const unit = unitOf(check);
  return {
    check: check.id,
    dataset,
    type: check.type,
    severity: check.severity,
    passed: withinThreshold(actual, check.threshold),
    actual: formatActual(actual, check.threshold, unit),
    threshold: formatThreshold(check.threshold, unit),
  };
}

/** The outcome of a check that could not be measured: failed and critical, whatever its severity, because nothing is known. */
export function unmeasured(check: Check, dataset: string, error: string): CheckOutcome {
  return { check: check.id, dataset, type: check.type, severity: 'critical', passed: false, actual: 'not measured', threshold: formatThreshold(check.threshold, unitOf(check)), error };
}

function unitOf(check: Check): Unit {
  if (check.threshold.unit === 'percent') return 'percent';
  return check.measure.kind === 'sql' ? 'value' : 'rows';
}

function columnCondition(measure: Extract<Measure, { column: string }>): string {
  const column = quoteIdent(measure.column);
  switch (measure.kind) {
    case 'nullValues':
      return `${column} is null`;
    case 'missingValues':
      return measure.missing.length === 0 ? `${column} is null` : `(${column} is null or ${column}::VARCHAR in (${measure.missing.map(quoteLiteral).join(', ')}))`;
    case 'invalidValues': {
      const valid = [
        ...(measure.validValues ? [`${column}::VARCHAR in (${measure.validValues.map(quoteLiteral).join(', ')})`] : []),
        ...(measure.pattern === undefined ? [] : [`regexp_matches(${column}::VARCHAR, ${quoteLiteral(measure.pattern)})`]),
      ];
      return valid.length === 0 ? 'false' : `(${column} is not null and not (${valid.join(' and ')}))`;
    }
  }
}

/** Rows beyond the first of each combination of values; nulls are no values. */
function duplicates(columns: readonly string[], relation: string): string {
  const present = columns.map((column) => `${quoteIdent(column)} is not null`).join(' and ');
  return `select coalesce(sum(n - 1), 0)::DOUBLE as n from (select count(*) as n from ${relation} where ${present} group by ${columnList(columns)} having count(*) > 1)`;
}

function columnList(columns: readonly string[]): string {
  return columns.map(quoteIdent).join(', ');
}
