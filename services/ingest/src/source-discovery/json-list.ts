import type { JsonRecord } from './value-types';

/** Fields between the top of a document and its list of records. */
const DEEPEST = 3;

/** A list of records, and the fields that lead to it. */
interface FoundList {
  readonly records: readonly JsonRecord[];
  readonly way: readonly string[];
}

/** The first list of objects, those nearer to the top first in the order of fields. */
export function listIn(value: unknown, way: readonly string[] = []): FoundList | undefined {
  if (Array.isArray(value)) {
    const records = value.filter(isRecord);
    return records.length > 0 && records.length === value.length ? { records, way } : undefined;
  }
  if (!isRecord(value) || way.length === DEEPEST) return undefined;
  const fields = Object.entries(value).filter(([field]) => !field.includes('.'));
  const here = fields.find(([, inner]) => Array.isArray(inner) && listIn(inner) !== undefined);
  for (const [field, inner] of here ? [here] : fields) {
    const found = listIn(inner, [...way, field]);
    if (found) return found;
  }
  return undefined;
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a text says; undefined where it is no JSON. */
export function jsonIn(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}
