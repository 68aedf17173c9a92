import type { ParsedDataset } from '../contract/parse-contract';
import type { YamlText } from '../yaml/yaml-text';
import type { Model } from './definition';
import type { Pipeline } from './parse-pipeline';
import type { Problem } from './problem';

/**
 * What a stream needs of the source's contract and of the models that it runs, which are those over rows: a row that changes or goes must find
 * its predecessor in the destination, by the model's key and an order that does not depend on how records were batched.
 */
export function realtimeProblems(source: ParsedDataset | undefined, models: readonly Model[], pipeline: Pipeline | undefined, yaml: YamlText | undefined): Problem[] {
  if (!source || !yaml || pipeline?.mode !== 'realtime') return [];
  const problems: Problem[] = [];
  const keyed = source.columns.some(({ keyPosition }) => keyPosition !== undefined);
  if (source.order.by === 'immutable') {
    problems.push({ code: 'INVALID_VALUE', message: `A stream sees a few rows at a time, so that it cannot tell whether rows of \`${source.name}\` ever change.`, fix: 'Use `weirSequence`, or `weirOrder: arrival`.', place: yaml.place(['mode']) });
  }
  for (const model of models.filter(({ scope }) => scope === 'row')) {
    const qualified = `${model.zone}.${model.name}`;
    const place = yaml.place(['models', model.name]) ?? yaml.place(['mode']);
    if (model.writeMode === 'scd2') problems.push({ code: 'INVALID_VALUE', message: `A stream keeps the newest version of a key, so that \`${qualified}\`, which is over rows, cannot have them all.`, fix: 'Read it in a model over history, and give that one `writeMode: scd2`.', place });
    if (model.writeMode === 'overwrite') problems.push({ code: 'INVALID_VALUE', message: `\`${qualified}\` cannot be overwritten by a stream.`, fix: 'Use upsert or append.', place });
    if (keyed && model.writeMode !== 'upsert' && model.writeMode !== 'scd2') {
      problems.push({ code: 'MISSING_KEY', message: `Rows of \`${source.name}\` change, so that a stream needs the key of \`${qualified}\`.`, fix: `Add \`key\` for ${model.name} under \`models\`.`, place });
    }
    if (keyed && model.writeMode === 'upsert' && source.order.by === 'sequence' && model.sequence === undefined) {
      problems.push({ code: 'MISSING_KEY', message: `\`${qualified}\` does not give \`${source.order.column}\`, by which the newest row of a key is found.`, fix: `Select ${source.order.column}, or name the column that holds it as \`sequence\`.`, place });
    }
  }
  return problems;
}
