import type { ContractColumn } from '../contract/contract';
import type { YamlText } from '../yaml/yaml-text';
import type { Pipeline } from './parse-pipeline';
import type { Problem } from './problem';

/** A lookback takes rows again: only a primary key tells a late row from one that was there. */
export function lookbackProblems(columns: readonly ContractColumn[] | undefined, pipeline: Pipeline | undefined, yaml: YamlText | undefined): Problem[] {
  if (!columns || !pipeline || !yaml || pipeline.lookbackGrains === 0 || columns.some(({ keyPosition }) => keyPosition !== undefined)) return [];
  const { dataset } = pipeline.source;
  return [{ code: 'MISSING_KEY', message: `\`lookback\` needs a primary key, and the contract gives \`${dataset}\` none.`, fix: 'Set `primaryKey: true` for the properties that identify a row, or remove `lookback`.', place: yaml.place(['lookback']) }];
}
