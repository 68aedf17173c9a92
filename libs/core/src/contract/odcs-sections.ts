import type { JsonSchema } from '../yaml/validate-yaml';

/** Text that nobody here reads. */
export const TEXT: JsonSchema = { type: 'string', description: 'Write text; what YAML takes for a number or a date goes in quotes.' };
export const FLAG: JsonSchema = { type: 'boolean', description: 'Write true or false.' };
export const WHOLE: JsonSchema = { type: 'integer', description: 'Write a whole number.' };
export const TEXTS: JsonSchema = listOf(TEXT, 'Write a list of texts.');
export const ID: JsonSchema = { type: 'string', pattern: '^[A-Za-z0-9_-]+$', description: 'Use letters, digits, - and _.' };

/** A list of `items`. */
export function listOf(items: JsonSchema, description: string): JsonSchema {
  return { type: 'array', items, description };
}

/** A mapping of these keys and no others. */
export function mapping(title: string, properties: Readonly<Record<string, JsonSchema>>, required: readonly string[] = []): JsonSchema {
  return { title, type: 'object', description: 'Write a mapping.', additionalProperties: false, required, properties };
}

/** Keys whose values are text. */
export function texts(...keys: readonly string[]): Record<string, JsonSchema> {
  return Object.fromEntries(keys.map((key) => [key, TEXT]));
}

export const CUSTOM_PROPERTIES = listOf(mapping('custom property', { id: ID, value: {}, ...texts('property', 'description', 'vendor') }, ['property', 'value']), 'Write a list of `property` and `value`.');

export const DEFINITIONS = listOf(mapping('definition', { id: ID, ...texts('url', 'type', 'description') }, ['url', 'type']), 'Write a list of `type` and `url`.');

const ABOUT = { tags: TEXTS, customProperties: CUSTOM_PROPERTIES, authoritativeDefinitions: DEFINITIONS };

const STATEMENTS = listOf(mapping('statement', { ...ABOUT, ...texts('id', 'question', 'answer') }, ['question']), 'Write a list of `question` and `answer`.');
const CONSTRAINTS = listOf(mapping('constraint', { ...ABOUT, ...texts('id', 'constraint') }, ['constraint']), 'Write a list of `constraint`.');

/** Guidance for whoever asks questions of the data. */
export const CONTEXT: JsonSchema = { ...mapping('context', { instructions: TEXT, verifiedStatements: STATEMENTS, constraints: CONSTRAINTS }), type: ['object', 'string'], description: 'Write text, or a mapping of instructions, verifiedStatements and constraints.' };

const SYNONYMS = listOf(mapping('synonym', { id: ID, customProperties: CUSTOM_PROPERTIES, ...texts('synonym', 'description', 'locale', 'source', 'status') }, ['synonym']), 'Write a list of `synonym`.');

/** What datasets and columns have in common. */
export const ELEMENT: Record<string, JsonSchema> = { id: ID, deprecated: FLAG, synonyms: SYNONYMS, ...ABOUT, ...texts('description', 'businessName') };

const NAMES = '^[A-Za-z_][A-Za-z0-9_\\-]*(\\.[A-Za-z_][A-Za-z0-9_\\-]*)+$';
const IDS = '^(?:(?:https?:\\/\\/)?[A-Za-z0-9._\\-\\/]+\\.ya?ml#)?\\/?[A-Za-z_][A-Za-z0-9_]*\\/[A-Za-z0-9_-]+(?:\\/[A-Za-z_][A-Za-z0-9_]*\\/[A-Za-z0-9_-]+)*$';
const REFERENCE: JsonSchema = { type: 'string', pattern: `${NAMES}|${IDS}`, description: 'Write dataset.column, or schema/id/properties/id.' };
const END: JsonSchema = { type: ['string', 'array'], pattern: REFERENCE['pattern'], items: REFERENCE, minItems: 1, description: 'Write dataset.column, or a list of them.' };
const RELATION: Record<string, JsonSchema> = { id: TEXT, type: { const: 'foreignKey', description: 'Write foreignKey.' }, to: END, customProperties: CUSTOM_PROPERTIES };

/** Of a column, which is the one that refers. */
export const COLUMN_RELATIONS = listOf(mapping('relationship', RELATION, ['to']), 'Write a list of `to`.');
/** Of a dataset. */
export const DATASET_RELATIONS = listOf(mapping('relationship', { ...RELATION, from: END }, ['from', 'to']), 'Write a list of `from` and `to`.');

/** What a server of each type is described by is for others to check. */
const SERVERS = listOf({ title: 'server', type: 'object', description: 'Write a mapping.', required: ['server', 'type'], properties: texts('server', 'type') }, 'Write a list of `server` and `type`.');

const MEMBERS = listOf(mapping('member of a team', { id: ID, ...ABOUT, ...texts('username', 'name', 'description', 'role', 'dateIn', 'dateOut', 'replacedByUsername') }, ['username']), 'Write a list of `username`.');
// A list of members before v3.1.
const TEAM: JsonSchema = { ...mapping('team', { id: ID, members: MEMBERS, ...ABOUT, ...texts('name', 'description') }), type: ['object', 'array'], items: MEMBERS['items'], description: 'Write a mapping with `members`.' };

const AGREEMENT: JsonSchema = { type: ['string', 'number', 'boolean', 'null'], description: 'Write one value.' };
const AGREEMENTS = listOf(
  mapping('service level', { id: ID, value: AGREEMENT, valueExt: AGREEMENT, customProperties: CUSTOM_PROPERTIES, authoritativeDefinitions: DEFINITIONS, ...texts('property', 'unit', 'element', 'driver', 'description', 'scheduler', 'schedule') }, ['property', 'value']),
  'Write a list of `property` and `value`.',
);

/** Sections of a contract that tell people something and Weir nothing; only their form is checked. */
export const SECTIONS: Readonly<Record<string, JsonSchema>> = {
  ...texts('name', 'tenant', 'status', 'dataProduct', 'domain', 'slaDefaultElement', 'contractCreatedTs'),
  ...ABOUT,
  context: CONTEXT,
  description: { type: 'object', description: 'Write a mapping of purpose, usage and limitations.', properties: { ...texts('usage', 'purpose', 'limitations'), authoritativeDefinitions: DEFINITIONS, customProperties: CUSTOM_PROPERTIES } },
  servers: SERVERS,
  support: listOf(mapping('support channel', { id: ID, customProperties: CUSTOM_PROPERTIES, ...texts('channel', 'url', 'description', 'tool', 'scope', 'invitationUrl') }, ['channel']), 'Write a list of `channel`.'),
  price: mapping('price', { id: ID, priceAmount: { type: 'number', description: 'Write a number.' }, ...texts('priceCurrency', 'priceUnit') }),
  team: TEAM,
  roles: listOf(mapping('role', { id: ID, customProperties: CUSTOM_PROPERTIES, ...texts('role', 'description', 'access', 'firstLevelApprovers', 'secondLevelApprovers') }, ['role']), 'Write a list of `role`.'),
  slaProperties: AGREEMENTS,
};
