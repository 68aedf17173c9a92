import type { RowIdentity, TableSpec } from '@weir/connectors';
import type { Model } from '@weir/core';

/** The table that follows a model in a schema. Tables that are upserted tell rows apart by key, those of versions by key and time, others by partition and row id. */
export function tableSpec(model: Model, schema: string): TableSpec {
  const lineage = model.scope === 'row';
  return {
    schema,
    name: model.name,
    columns: model.columns,
    identity: identityOf(model, lineage),
    sequence: model.sequence,
    lineage,
  };
}

function identityOf({ writeMode, key }: Model, lineage: boolean): RowIdentity {
  if (writeMode === 'upsert') return { by: 'key', columns: key };
  if (writeMode === 'scd2') return { by: 'version', columns: key };
  return { by: 'row', id: lineage ? 'dataset' : 'content' };
}
