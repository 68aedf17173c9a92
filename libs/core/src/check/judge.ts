import type { Check, CheckOutcome } from './check';
import type { CompiledCheck, Found } from './compile-check';
import { formatActual, formatThreshold, withinThreshold } from './threshold';

/** The outcome of a check for what was found. Samples are added where it failed. */
export function judge({ check, measurement }: CompiledCheck, dataset: string, found: Found): CheckOutcome {
  const base = baseOf(check, dataset);
  if (measurement.by === 'nothing') return { ...base, passed: true, actual: measurement.reason };
  const rows = check.threshold.of === 'values' || measurement.by === 'groups' ? found.present : found.total;
  const counted = { ...base, rows, ...(countsFailures(measurement) && found.number !== null ? { failed: found.number } : {}) };
  const empty = measurement.by === 'aggregate' ? measurement.empty : undefined;
  if (found.total === 0 && empty !== 'counts' && measurement.by === 'aggregate') return { ...counted, passed: empty !== 'fails', actual: 'no rows' };
  if (found.number === null) return { ...counted, passed: false, actual: 'no values' };
  const value = valueOf(check, found, found.number);
  const actual = formatActual(value, check.threshold);
  return { ...counted, passed: withinThreshold(value, check.threshold), actual: found.text ? `${actual} (${found.text})` : actual, value };
}

/** The outcome of a check that could not be measured: failed and critical, whatever its severity, because nothing is known. */
export function unmeasured(check: Check, dataset: string, error: string): CheckOutcome {
  return { ...baseOf(check, dataset), severity: 'critical', passed: false, actual: 'not measured', error };
}

function baseOf(check: Check, dataset: string): Omit<CheckOutcome, 'passed' | 'actual'> {
  return { check: check.id, dataset, measure: check.measure.kind, type: check.type, severity: check.severity, threshold: formatThreshold(check.threshold), samples: [] };
}

function countsFailures(measurement: CompiledCheck['measurement']): boolean {
  return measurement.by === 'rows' || (measurement.by === 'groups' && measurement.number !== 'count(*)');
}

function valueOf({ threshold }: Check, { present, total }: Found, number: number): number {
  if (threshold.unit !== 'percent') return number;
  const whole = (threshold.of === 'values' ? present : total) ?? 0;
  // No rows, no share of them that is bad. Multiplied first: 7 of 100 are then 7 % and not a little more.
  return whole === 0 ? 0 : (number * 100) / whole;
}
