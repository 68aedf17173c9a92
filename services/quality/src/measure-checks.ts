import { compileCheck, judge, measureTogether, toWeirError, unmeasured, type Check, type CheckOutcome, type CompiledCheck } from '@weir/core';
import type { Engine } from '@weir/engine';

/** What the checks of one dataset are measured over. */
export interface Measured {
  /** For outcomes, such as `bronze.orders`. */
  readonly dataset: string;
  /** Names of relations in the engine. */
  readonly relation: string;
  /** Uniqueness is measured before rows that stand for each other are made one; the same as `relation` where there is no dedupe. */
  readonly beforeDedupe: string;
}

/** Measures the checks of a dataset: one scan for all aggregates, one query for each of the rest. A check that fails with an error fails as critical; only cancelling throws. */
export async function measureChecks(engine: Engine, checks: readonly Check[], { dataset, relation, beforeDedupe }: Measured): Promise<CheckOutcome[]> {
  const compiled = checks.map(compileCheck);
  const together = compiled.filter((one) => one.aggregate !== undefined);
  const scanned = await measureAggregates(engine, together, relation, dataset);
  const outcomes: CheckOutcome[] = [];
  for (const one of compiled) {
    const of = one.check.measure.kind === 'duplicateValues' ? beforeDedupe : relation;
    outcomes.push(scanned.get(one) ?? (await measureQuery(engine, one, of, dataset)));
  }
  return outcomes;
}

async function measureAggregates(engine: Engine, checks: readonly CompiledCheck[], relation: string, dataset: string): Promise<Map<CompiledCheck, CheckOutcome>> {
  const outcomes = new Map<CompiledCheck, CheckOutcome>();
  if (checks.length === 0) return outcomes;
  try {
    const [numbers] = await engine.rows<Record<string, number>>(measureTogether(checks, relation), `checks ${dataset}`);
    checks.forEach((one, index) => outcomes.set(one, judge(one.check, dataset, numbers?.[`c${index}`] ?? 0, numbers?.['total'] ?? 0)));
  } catch (error) {
    const first = checks[0];
    if (checks.length === 1 && first) outcomes.set(first, unmeasured(first.check, dataset, reasonOf(error)));
    // One bad check must not hide the others: each is measured by itself to find it.
    else for (const one of checks) for (const [key, outcome] of await measureAggregates(engine, [one], relation, dataset)) outcomes.set(key, outcome);
  }
  return outcomes;
}

async function measureQuery(engine: Engine, compiled: CompiledCheck, relation: string, dataset: string): Promise<CheckOutcome> {
  const { check, query } = compiled;
  try {
    const [row] = await engine.rows<{ n: number | null; total: number }>(`select (${query?.(relation) ?? 'null'}) as n, (select count(*) from ${relation})::DOUBLE as total`, `check ${check.id}`);
    if (typeof row?.n !== 'number') return unmeasured(check, dataset, 'The query gave no number.');
    return judge(check, dataset, row.n, row.total);
  } catch (error) {
    return unmeasured(check, dataset, reasonOf(error));
  }
}

/** Positions of up to five rows that a failed check counts, as `position: check`. `position` is an SQL expression; nothing where rows have no place. */
export async function sampleRows(engine: Engine, check: Check, relation: string, position: string): Promise<string[]> {
  const counted = compileCheck(check).counted?.(relation);
  if (counted === undefined) return [];
  const rows = await engine.rows<{ position: string }>(`select (${position})::VARCHAR as position from ${relation} where ${counted} limit 5`, `samples ${check.id}`);
  return rows.map((row) => `${row.position}: ${check.id}`);
}

function reasonOf(error: unknown): string {
  const weir = toWeirError(error);
  // Cancelled work says nothing about the data, nor does a disk that is full.
  if (weir.code !== 'MODEL_FAILED' && weir.code !== 'ENGINE_FAILED' && weir.code !== 'INTERNAL') throw weir;
  return weir.message;
}
