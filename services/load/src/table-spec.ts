import type { TableSpec } from '@weir/connectors';
import type { Model } from '@weir/core';

/** The table that follows a model in a schema. Tables that are upserted tell rows apart by key, others by partition and row id. */
export function tableSpec(model: Model, schema: string): TableSpec {
  const lineage = model.scope === 'row';
  return {
    schema,
    name: model.name,
    columns: model.columns,
    identity: model.writeMode === 'upsert' ? { by: 'key', columns: model.key } : { by: 'row', id: lineage ? 'dataset' : 'content' },
    sequence: model.sequence,
    lineage,
  };
}
