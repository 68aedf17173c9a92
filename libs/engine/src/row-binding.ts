import { datasetShape, type Definition, type Model } from '@weir/core';
import type { Binding } from './bind-model';

/** How a row model is bound: where its source and its table have keys, each of its rows is an update of one. */
export function rowBinding(definition: Definition, { key, sequence, writeMode }: Model): Binding {
  const updates = (writeMode === 'upsert' || writeMode === 'scd2') && datasetShape(definition, `bronze.${definition.source.dataset}`).key.length > 0;
  return updates ? { scope: 'row', keyed: { key, sequence } } : { scope: 'row' };
}
