import type { ParsedContract } from '../contract/parse-contract';
import { recordHeader } from '../contract/record-headers';
import type { Pipeline } from './parse-pipeline';
import type { Problem } from './problem';

/** Only records of topics have headers that columns can be read from. */
export function headerProblems(contract: ParsedContract | undefined, pipeline: Pipeline | undefined): Problem[] {
  if (!contract || !pipeline || pipeline.source.type === 'kafka') return [];
  const { type, dataset } = pipeline.source;
  const columns = contract.datasets.find(({ name }) => name === dataset)?.columns.filter((column) => recordHeader(column) !== undefined) ?? [];
  return columns.map(({ name, path }) => ({ code: 'INVALID_VALUE', message: `\`${name}\` is read from a header of records, and a source of type \`${type}\` has none.`, fix: 'Correct `physicalName`, or read a topic.', place: contract.yaml.place([...path, 'physicalName']) }));
}
