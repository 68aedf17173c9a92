import type { Measure } from '../measure';
import { COLUMN_LIST } from '../primitive/primitive';
import { type Alias, aliasSchema, type AliasCall, type Mapped } from './alias';

type Value = string | number | boolean;

const MISSING_VALUES = { type: 'array', items: { type: ['string', 'number', 'null'] }, description: 'Write a list of values that count as missing.' };
const VALID_VALUES = { type: 'array', minItems: 1, items: { type: ['string', 'number', 'boolean'] }, description: 'Write a list of values.' };
const PATTERN = { type: 'string', minLength: 1, description: 'Write a regular expression.' };

const LIST = 'list of arguments';

/** The library metrics of the Open Data Contract Standard v3.1. The rule's operators say what the number must be. */
export const ODCS_ALIASES: readonly Alias[] = [
  { name: 'nullValues', vocabulary: 'odcs', primitive: 'nullShare', about: 'column', schema: aliasSchema(LIST, {}), map: ({ column }) => ({ measure: { kind: 'nullShare', column } }) },
  { name: 'missingValues', vocabulary: 'odcs', primitive: 'nullShare', about: 'column', schema: aliasSchema(LIST, { missingValues: MISSING_VALUES }), map: missingValues },
  { name: 'invalidValues', vocabulary: 'odcs', primitive: 'set', about: 'column', schema: aliasSchema(LIST, { validValues: VALID_VALUES, pattern: PATTERN }), map: invalidValues },
  { name: 'duplicateValues', vocabulary: 'odcs', primitive: 'unique', about: 'dataset', schema: aliasSchema(LIST, { properties: COLUMN_LIST }), map: duplicateValues },
  { name: 'rowCount', vocabulary: 'odcs', primitive: 'count', about: 'dataset', schema: aliasSchema(LIST, {}), map: () => ({ measure: { kind: 'count' } }) },
];

function missingValues({ args, column }: AliasCall): Mapped {
  const listed = (args['missingValues'] as (Value | null)[] | undefined) ?? [''];
  // Null always counts as missing; listing it, as the standard's examples do, adds nothing.
  return { measure: { kind: 'nullShare', column, missing: listed.filter((value) => value !== null) } };
}

function invalidValues({ args, column }: AliasCall): Mapped {
  const { validValues, pattern } = args as { validValues?: Value[]; pattern?: string };
  if (validValues !== undefined) return { measure: { kind: 'set', column, values: validValues, ...(pattern === undefined ? {} : { pattern }) } };
  if (pattern !== undefined) return { measure: { kind: 'pattern', column, patterns: [pattern] } };
  return { fault: { argument: '', message: '`invalidValues` does not say what is valid.', fix: 'Add `arguments` with `validValues` or `pattern`.' } };
}

/** On a column it is about that column. */
function duplicateValues({ args, column }: AliasCall): Mapped {
  const columns = (args['properties'] as string[] | undefined) ?? (column === '' ? undefined : [column]);
  if (columns === undefined) return { fault: { argument: '', message: '`duplicateValues` of a dataset does not say of which columns.', fix: 'Add `arguments: {properties: [a, b]}`.' } };
  const measure: Measure = { kind: 'unique', columns };
  return { measure };
}
