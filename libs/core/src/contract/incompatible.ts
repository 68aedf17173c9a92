import type { ColumnReader } from '../definition/column-readers';
import type { DefinitionFile } from '../definition/definition';
import { WeirError } from '../errors';
import { listed } from '../suggest';
import { YamlText } from '../yaml/yaml-text';
import type { ContractChange, VersionChange } from './compatibility';
import type { OdcsContract } from './odcs';

/** A change, and who reads what it changes. */
export interface ReadChange extends VersionChange {
  readonly readers: readonly ColumnReader[];
}

/** The error of a contract that its mode forbids; `file` is the contract, for the place. Undefined where nothing is forbidden. What is read by whom is left out of changes without `readers`. */
export function incompatibleError(changes: readonly (VersionChange & Partial<ReadChange>)[], file?: DefinitionFile): WeirError | undefined {
  const breaking = changes.filter((change) => change.breaking);
  const [first] = breaking;
  if (!first) return undefined;
  const datasets = [...new Set(breaking.map(({ dataset }) => dataset))];
  return new WeirError({
    code: 'CONTRACT_INCOMPATIBLE',
    message: `The contract of ${listed(datasets)} changes what its mode ${first.mode} forbids since version ${first.version}: ${changeText(first)}${breaking.length > 1 ? `, and ${breaking.length - 1} more` : ''}.`,
    ...(file ? { place: placeOf(first, file) } : {}),
    samples: breaking.map((change) => `${changeText(change)}${change.readers ? `; ${readersText(change.readers)}` : ''}`),
    fix: `Leave what was and add what is new beside it, optional or with a \`weirDefault\`; or put it into a dataset of another name. Whoever agreed with the readers states another \`weirCompatibility\` for ${listed(datasets)}, such as NONE.`,
  });
}

/** A change on one line, such as `orders.amount: type DOUBLE → BIGINT`. */
export function changeText({ kind, dataset, columns, from, to }: ContractChange): string {
  if (kind === 'key') return `${dataset}: key ${from} → ${to}`;
  const subject = `${dataset}.${columns.join(', ')}`;
  if (kind === 'added' || kind === 'removed') return `${subject}: ${kind} (${from || to})`;
  return kind === 'required' ? `${subject}: ${from} → ${to}` : `${subject}: ${kind} ${from} → ${to}`;
}

/** An error is short; a dry run of apply names all. */
const MAX_NAMED = 3;

function readersText(readers: readonly ColumnReader[]): string {
  if (readers.length === 0) return 'no model reads it';
  const named = readers.slice(0, MAX_NAMED).map(({ pipeline, model, place, certain }) => `${pipeline} ${model} (${place}${certain ? '' : ', perhaps'})`);
  return `read by ${named.join(', ')}${readers.length > MAX_NAMED ? ` and ${readers.length - MAX_NAMED} more` : ''}`;
}

/** Where the contract says what changed; its dataset where it says nothing any more. */
function placeOf({ dataset, columns }: ContractChange, file: DefinitionFile): string {
  const parsed = YamlText.parse(file);
  if ('problems' in parsed) return file.path;
  const { schema } = parsed.yaml.value as OdcsContract;
  const at = schema.findIndex(({ name }) => name === dataset);
  const column = (schema[at]?.properties ?? []).findIndex(({ name }) => columns.includes(name));
  return parsed.yaml.place(['schema', at, ...(column < 0 ? ['name'] : ['properties', column, 'name'])]);
}
