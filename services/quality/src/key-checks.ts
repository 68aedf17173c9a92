import type { Check, Model } from '@weir/core';

/** The checks that every keyed model gets by itself: without them an upsert would lose rows. Critical. */
export function keyChecks(model: Model): Check[] {
  if (model.key.length === 0) return [];
  const threshold = { equal: 0, unit: 'rows' } as const;
  return [
    ...model.key.map((column): Check => ({ id: `${model.name}.${column}.key`, severity: 'critical', type: 'completeness', measure: { kind: 'nullShare', column }, threshold })),
    // A null is found by the checks before.
    { id: `${model.name}.key.unique`, severity: 'critical', type: 'uniqueness', measure: { kind: 'unique', columns: ['_weir_partition', ...model.key] }, threshold },
  ];
}
