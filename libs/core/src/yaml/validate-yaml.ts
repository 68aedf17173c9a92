import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Problem } from '../definition/problem';
import { listed, nearest, suggest } from '../suggest';
import type { YamlPath, YamlText } from './yaml-text';

/** A JSON Schema as we write them: `title` is the noun used in messages ("pipeline"), `description` the fix; messages never show a value that is `writeOnly`. */
export type JsonSchema = { readonly [keyword: string]: unknown };

const compiled = new WeakMap<JsonSchema, ValidateFunction>();

/** All violations of `schema` in a document, each at its key or value. */
export function validateYaml(yaml: YamlText, schema: JsonSchema): Problem[] {
  return validatePart(yaml, [], yaml.value, schema);
}

/** All violations of `schema` in the part of a document at `at`, whose value is given: it may stand there as text. Messages name paths below `at`. */
export function validatePart(yaml: YamlText, at: YamlPath, value: unknown, schema: JsonSchema): Problem[] {
  const validate = validator(schema);
  if (validate(value)) return [];
  const placing: Placing = { place: (path, what) => yaml.place([...at, ...path], what) };
  // A bad name is reported twice: by the pattern it breaks, which does not know where it stands, and by `propertyNames`, which does.
  return (validate.errors ?? []).filter((error) => !('propertyName' in error)).map((error) => problemOf(error, placing));
}

type Placing = Pick<YamlText, 'place'>;

/**
 * Compiling a schema takes longer than all documents that a process will ever check: each is compiled when it is first used and once. The code is neither shortened nor repeated wherever it is
 * referred to, which halves that: the schema of contracts takes a sixth of a second.
 */
function validator(schema: JsonSchema): ValidateFunction {
  const known = compiled.get(schema);
  if (known) return known;
  const fresh = new Ajv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true, inlineRefs: false, code: { optimize: false } }).compile(schema);
  compiled.set(schema, fresh);
  return fresh;
}

function problemOf(error: ErrorObject, yaml: Placing): Problem {
  const path = pathOf(error.instancePath);
  const schema = record(error.parentSchema);
  const params = record(error.params);
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(yaml, path, String(params['additionalProperty']), schema, record(error.data));
    case 'required':
      return missingKey(yaml, path, String(params['missingProperty']), schema);
    case 'propertyNames':
      return { code: 'INVALID_VALUE', message: `\`${String(params['propertyName'])}\` cannot be a name here.`, fix: NAME_FIX, place: yaml.place([...path, String(params['propertyName'])], 'key') };
    default:
      return invalidValue(error, yaml, path, schema);
  }
}

export const NAME_FIX = 'Use lower-case letters, digits and _, beginning with a letter, at most 63 of them.';

function unknownKey(yaml: Placing, path: YamlPath, key: string, schema: Record<string, unknown>, mapping: Record<string, unknown>): Problem {
  const known = Object.keys(record(schema['properties']));
  // `{ row: coalesce(a, 0) >= 0 }` has the key `0) >= 0`: nobody means a key without a value that is no word.
  const fix = mapping[key] === null && !/^\w+$/.test(key) ? 'Between { and } a comma ends the value before it: put a text that has one in quotes.' : suggest(key, known);
  return { code: 'UNKNOWN_KEY', message: `\`${key}\` is not a key of ${nounOf(schema)}.`, fix, place: yaml.place([...path, key], 'key') };
}

function missingKey(yaml: Placing, path: YamlPath, key: string, schema: Record<string, unknown>): Problem {
  const description = record(record(schema['properties'])[key])['description'];
  const fix = typeof description === 'string' ? `Add \`${key}\`: ${description}` : `Add \`${key}\`.`;
  return { code: 'MISSING_KEY', message: `\`${key}\` is missing from ${nounOf(schema)}.`, fix, place: yaml.place(path) };
}

function invalidValue(error: ErrorObject, yaml: Placing, path: YamlPath, schema: Record<string, unknown>): Problem {
  const name = dotted(path) || 'The document';
  // Where a secret may stand by mistake, what stands there is not shown.
  const value = schema['writeOnly'] === true && typeof error.data === 'string' ? 'what stands there' : shownValue(error.data);
  const fix = instruction(schema['description']);
  const place = yaml.place(path);
  const allowed = schema['enum'] ?? (schema['const'] === undefined ? undefined : [schema['const']]);
  if ((error.keyword === 'enum' || error.keyword === 'const') && Array.isArray(allowed)) {
    const names = allowed.map(String);
    const meant = typeof error.data === 'string' ? nearest(error.data, names) : undefined;
    return { code: 'INVALID_VALUE', message: `${name} cannot be ${value}.`, fix: meant === undefined ? `use one of ${listed(names)}.` : `did you mean \`${meant}\`?`, place };
  }
  const wanted = error.keyword === 'type' ? `must be ${kinds(schema['type'])}, not ${value}` : `cannot be ${value}${limitOf(error)}`;
  return { code: 'INVALID_VALUE', message: `${name} ${wanted}.`, ...(fix === undefined ? {} : { fix }), place };
}

/** A schema's description as a fix: it is a sentence already, or says what to write. */
function instruction(description: unknown): string | undefined {
  if (typeof description !== 'string') return undefined;
  return /^[A-Z]/.test(description) ? description : `Write ${description}`;
}

const LIMITS: Record<string, string> = { minimum: 'the least is', maximum: 'the most is', minItems: 'the fewest items are', maxItems: 'the most items are', minLength: 'the fewest characters are', maxLength: 'the most characters are' };

function limitOf(error: ErrorObject): string {
  const words = LIMITS[error.keyword];
  return words === undefined ? (error.keyword === 'uniqueItems' ? ': an item is there twice' : '') : `: ${words} ${String(record(error.params)['limit'])}`;
}

const KINDS: Record<string, string> = { string: 'text', integer: 'a whole number', number: 'a number', boolean: 'true or false', array: 'a list', object: 'a mapping', null: 'empty' };

function kinds(type: unknown): string {
  return (Array.isArray(type) ? type : [type]).map((one) => KINDS[String(one)] ?? String(one)).join(' or ');
}

/** `source.path` or `destinations[0].schema`, in backticks; empty at the top. */
export function dotted(path: YamlPath): string {
  const text = path.reduce<string>((before, step) => (typeof step === 'number' ? `${before}[${step}]` : before ? `${before}.${step}` : step), '');
  return text && `\`${text}\``;
}

/** A value for a message: short, and never more than one line. */
export function shownValue(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = typeof value === 'string' ? JSON.stringify(value).slice(1, -1) : JSON.stringify(value);
  return `\`${text.length > 80 ? `${text.slice(0, 77)}…` : text}\``;
}

function nounOf(schema: Record<string, unknown>): string {
  const title = typeof schema['title'] === 'string' ? schema['title'] : 'mapping';
  // `quarantine` and other mass nouns say so with a leading "the".
  return title.startsWith('the ') ? title : `${/^[aeiou]/i.test(title) ? 'an' : 'a'} ${title}`;
}

function pathOf(pointer: string): (string | number)[] {
  const steps = pointer.split('/').slice(1).map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
