import { compileCheck, foundGroups, foundTogether, groupsOf, judge, measureGroups, measureTogether, samplesSql, toWeirError, unmeasured, type Check, type CheckOutcome, type CompiledCheck, type MeasureContext, type RowNames } from '@weir/core';
import type { Engine } from './engine';

/** What the checks of one dataset are measured over. */
export interface Measured extends MeasureContext, RowNames {
  /** For outcomes, such as `bronze.orders`. */
  readonly dataset: string;
  /** Uniqueness is measured before rows that stand for each other are made one; the same as `relation` where there is no dedupe. */
  readonly beforeDedupe: string;
}

/**
 * Measures the checks of a dataset: one scan for all that rows and aggregates give, one for each set of columns whose values are grouped, one for each query. A check that fails with
 * an error fails as critical; only cancelling throws. Failed checks have samples.
 */
export async function measureChecks(engine: Engine, checks: readonly Check[], measured: Measured): Promise<CheckOutcome[]> {
  const outcomes = new Map<Check, CheckOutcome>();
  const compiled: CompiledCheck[] = [];
  for (const check of checks) {
    try {
      compiled.push(compileCheck(check, { ...measured, relation: relationOf(check, measured) }));
    } catch (error) {
      outcomes.set(check, unmeasured(check, measured.dataset, toWeirError(error).message));
    }
  }
  const scan = new Scan(engine, measured, outcomes);
  for (const one of compiled.filter(({ measurement }) => measurement.by === 'nothing')) outcomes.set(one.check, judge(one, measured.dataset, { number: null }));
  await scan.together(compiled.filter(({ measurement }) => measurement.by === 'rows' || measurement.by === 'aggregate'));
  for (const group of groupsOf(compiled)) for (const shared of byRelation(group, measured)) await scan.groups(shared);
  for (const one of compiled.filter(({ measurement }) => measurement.by === 'query')) await scan.query(one);
  for (const one of compiled) await scan.sample(one);
  return checks.flatMap((check) => outcomes.get(check) ?? []);
}

function relationOf({ measure }: Check, { relation, beforeDedupe }: Pick<Measured, 'relation' | 'beforeDedupe'>): string {
  return measure.kind === 'unique' ? beforeDedupe : relation;
}

function byRelation(group: readonly CompiledCheck[], measured: Measured): CompiledCheck[][] {
  const relations = new Set(group.map(({ check }) => relationOf(check, measured)));
  return [...relations].map((relation) => group.filter(({ check }) => relationOf(check, measured) === relation));
}

/** The statements of one dataset's checks. */
class Scan {
  constructor(
    private readonly engine: Engine,
    private readonly measured: Measured,
    private readonly outcomes: Map<Check, CheckOutcome>,
  ) {}

  async together(checks: readonly CompiledCheck[]): Promise<void> {
    if (checks.length === 0) return;
    const { dataset, relation } = this.measured;
    try {
      const [row = {}] = await this.engine.rows<Record<string, unknown>>(measureTogether(checks, relation), `checks ${dataset}`);
      checks.forEach((one, n) => this.outcomes.set(one.check, judge(one, dataset, foundTogether(row, n))));
    } catch (error) {
      const [first] = checks;
      if (checks.length === 1 && first) this.unmeasured(first, error);
      else {
        // One bad check must not hide the others: halves find it.
        const half = Math.ceil(checks.length / 2);
        await this.together(checks.slice(0, half));
        await this.together(checks.slice(half));
      }
    }
  }

  async groups(checks: readonly CompiledCheck[]): Promise<void> {
    const { dataset } = this.measured;
    const [first] = checks;
    if (!first) return;
    const total = checks.some(({ check: { threshold } }) => threshold.unit === 'percent' && threshold.of !== 'values');
    try {
      const [row = {}] = await this.engine.rows<Record<string, unknown>>(measureGroups(checks, relationOf(first.check, this.measured), total), `checks ${dataset} groups`);
      checks.forEach((one, n) => this.outcomes.set(one.check, judge(one, dataset, foundGroups(row, n))));
    } catch (error) {
      for (const one of checks) this.unmeasured(one, error);
    }
  }

  async query(one: CompiledCheck): Promise<void> {
    const { check, measurement } = one;
    try {
      const [row] = await this.engine.rows<{ n: number | null }>(`select (${measurement.by === 'query' ? measurement.query : 'null'})::DOUBLE as n`, `check ${check.id}`);
      if (typeof row?.n === 'number') this.outcomes.set(check, judge(one, this.measured.dataset, { number: row.n }));
      else this.outcomes.set(check, unmeasured(check, this.measured.dataset, 'The query gave no number.'));
    } catch (error) {
      this.unmeasured(one, error);
    }
  }

  /** Adds samples to the outcome of a check that failed. */
  async sample(one: CompiledCheck): Promise<void> {
    const outcome = this.outcomes.get(one.check);
    if (!outcome || outcome.passed || outcome.error !== undefined) return;
    const sql = samplesSql(one, relationOf(one.check, this.measured), this.measured);
    if (sql === undefined) return;
    const rows = await this.engine.rows<{ sample: string | null }>(sql, `samples ${one.check.id}`);
    this.outcomes.set(one.check, { ...outcome, samples: rows.map(({ sample }) => sample ?? '') });
  }

  private unmeasured({ check }: CompiledCheck, error: unknown): void {
    this.outcomes.set(check, unmeasured(check, this.measured.dataset, reasonOf(error)));
  }
}

function reasonOf(error: unknown): string {
  const weir = toWeirError(error);
  // Cancelled work says nothing about the data, nor does a disk that is full.
  if (weir.code !== 'MODEL_FAILED' && weir.code !== 'ENGINE_FAILED' && weir.code !== 'INTERNAL') throw weir;
  return weir.message;
}
