import { quoteIdent, type Check, type Model } from '@weir/core';
import type { Engine } from '@weir/engine';

/** The checks that every keyed model gets by itself: without them an upsert would lose rows. Critical. */
export function keyChecks(model: Model): Check[] {
  if (model.key.length === 0) return [];
  const threshold = { equal: 0, unit: 'rows' } as const;
  return [
    ...model.key.map((column): Check => ({ id: keyId(model, column), severity: 'critical', type: 'completeness', measure: { kind: 'nullValues', column }, threshold })),
    { id: `${model.name}.key.unique`, severity: 'critical', type: 'uniqueness', measure: { kind: 'duplicateValues', columns: ['_weir_partition', ...model.key] }, threshold },
  ];
}

/** Up to five places where a key check failed: for keys that are not unique their values, which the operator needs to find them. */
export async function sampleKeys(engine: Engine, model: Model, check: string, relation: string): Promise<string[]> {
  const missing = model.key.find((column) => check === keyId(model, column));
  const keys = model.key.map((column) => `coalesce(${quoteIdent(column)}::VARCHAR, 'null')`).join(`, ', ', `);
  const condition = missing === undefined ? 'having count(*) > 1' : '';
  const where = missing === undefined ? '' : `where ${quoteIdent(missing)} is null`;
  const rows = await engine.rows<{ sample: string }>(
    `select left(concat(_weir_partition, ': key (', ${keys}, ') occurs ', case when count(*) = 1 then 'once' else concat(count(*), ' times') end), 200) as sample from ${relation} ${where} group by _weir_partition, ${model.key.map(quoteIdent).join(', ')} ${condition} order by count(*) desc, sample limit 5`,
    `samples ${check}`,
  );
  return rows.map(({ sample }) => sample);
}

function keyId(model: Model, column: string): string {
  return `${model.name}.${column}.key`;
}
