import type { Column, Definition, Model } from '../definition/definition';
import { WeirError } from '../errors';
import { type WinnerRule, winnerRule } from './winner';

/** What a dataset's rows have. */
export interface DatasetShape {
  /** The columns that models may see. */
  readonly columns: readonly Column[];
  readonly key: readonly string[];
  /** What decides between rows of one key. */
  readonly winner: WinnerRule;
}

/** The shape of a dataset that models of its pipeline may read. Throws UNKNOWN_DATASET. */
export function datasetShape(definition: Definition, dataset: string): DatasetShape {
  const source = definition.contract.datasets.find((each) => each.name === definition.source.dataset);
  if (source && dataset === `bronze.${source.name}`) {
    const key = source.columns.filter(({ keyPosition }) => keyPosition !== undefined).map(({ name }) => name);
    const sequence = source.order.by === 'sequence' ? source.order.column : undefined;
    return { columns: source.columns, key, winner: winnerRule({ scope: 'row', sequence }, definition.source) };
  }
  const model = definition.models.find((each) => qualifiedName(each) === dataset);
  if (model) return { columns: model.columns, key: model.key, winner: winnerRule(model, definition.source) };
  throw new WeirError({ code: 'UNKNOWN_DATASET', message: `The pipeline ${definition.name} has no dataset \`${dataset}\`.` });
}

/** A model as other models name it, such as `gold.revenue`. */
export function qualifiedName({ zone, name }: Pick<Model, 'zone' | 'name'>): string {
  return `${zone}.${name}`;
}
