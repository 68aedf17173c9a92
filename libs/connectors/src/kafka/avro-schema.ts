import { arrayOf, decimalOf, enumOf, fixedOf, LOGICAL, mapOf, oneOf, PRIMITIVES, recordOf, type Translate, uuidOf } from './avro-values';
import { UnreadableValue } from './unreadable-value';

/** Types inside types of a schema's text. */
const MAX_NESTING = 64;
/** Digits after the point of a decimal; columns hold 38. */
const MAX_SCALE = 150;

type Named = Readonly<Record<string, unknown>>;

/** Compiles a schema in Avro's JSON. Throws UnreadableValue with `unsupported_schema` for what is none. */
export function compileAvro(text: string): Translate {
  return new SchemaCompiler().compile(parse(text), '', 0);
}

function parse(text: string): unknown {
  // The name of a primitive type may stand bare: some registries hold "string" without quotes.
  if (Object.hasOwn(PRIMITIVES, text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableValue('unsupported_schema');
  }
}

class SchemaCompiler {
  private readonly named = new Map<string, Translate>();

  /** `namespace` is that of the type around it. */
  compile(schema: unknown, namespace: string, nesting: number): Translate {
    if (nesting > MAX_NESTING) throw new UnreadableValue('unsupported_schema');
    if (typeof schema === 'string') return this.find(schema, namespace);
    if (Array.isArray(schema)) return oneOf(schema.map((branch) => this.compile(branch, namespace, nesting + 1)));
    if (typeof schema !== 'object' || schema === null) throw new UnreadableValue('unsupported_schema');
    return this.compileObject(schema as Named, namespace, nesting);
  }

  private compileObject(schema: Named, namespace: string, nesting: number): Translate {
    const { type } = schema;
    switch (type) {
      case 'record':
      case 'error':
        return this.compileRecord(schema, namespace, nesting);
      case 'enum':
        return this.define(schema, namespace, enumOf(strings(schema['symbols'])));
      case 'fixed':
        return this.define(schema, namespace, compileFixed(schema));
      case 'array':
        return arrayOf(this.compile(schema['items'], namespace, nesting + 1));
      case 'map':
        return mapOf(this.compile(schema['values'], namespace, nesting + 1));
      default:
        return (typeof type === 'string' ? compileLogical(type, schema) : undefined) ?? this.compile(type, namespace, nesting + 1);
    }
  }

  private compileRecord(schema: Named, namespace: string, nesting: number): Translate {
    const fields = objects(schema['fields']);
    const values: Translate[] = [];
    // Defined before its fields are compiled: they may name it.
    const record = this.define(schema, namespace, recordOf(strings(fields.map(({ name }) => name)), values));
    const inside = namespaceOf(fullName(schema, namespace));
    for (const field of fields) values.push(this.compile(field['type'], inside, nesting + 1));
    return record;
  }

  private define(schema: Named, namespace: string, translate: Translate): Translate {
    const name = fullName(schema, namespace);
    if (this.named.has(name)) throw new UnreadableValue('unsupported_schema');
    this.named.set(name, translate);
    return translate;
  }

  private find(name: string, namespace: string): Translate {
    const primitive = Object.hasOwn(PRIMITIVES, name) ? PRIMITIVES[name] : undefined;
    const inside = namespace === '' || name.includes('.') ? undefined : this.named.get(`${namespace}.${name}`);
    const found = primitive ?? inside ?? this.named.get(name);
    if (!found) throw new UnreadableValue('unsupported_schema');
    return found;
  }
}

function compileLogical(type: string, schema: Named): Translate | undefined {
  const { logicalType } = schema;
  if (typeof logicalType !== 'string') return undefined;
  if (type === 'bytes' && logicalType === 'decimal') return compileDecimal(schema, undefined);
  const name = `${type}:${logicalType}`;
  return Object.hasOwn(LOGICAL, name) ? LOGICAL[name] : undefined;
}

function compileFixed(schema: Named): Translate {
  const { size, logicalType } = schema;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw new UnreadableValue('unsupported_schema');
  if (logicalType === 'uuid' && size === 16) return uuidOf();
  return (logicalType === 'decimal' ? compileDecimal(schema, size) : undefined) ?? fixedOf(size);
}

/** Avro takes a decimal with impossible parameters for the bytes that it is made of. */
function compileDecimal({ precision, scale = 0 }: Named, size: number | undefined): Translate | undefined {
  const possible = Number.isSafeInteger(precision) && Number.isSafeInteger(scale) && 0 <= Number(scale) && Number(scale) <= Number(precision);
  if (!possible) return undefined;
  if (Number(scale) > MAX_SCALE) throw new UnreadableValue('unsupported_schema');
  return decimalOf(size, Number(scale));
}

function fullName({ name, namespace: own }: Named, around: string): string {
  if (typeof name !== 'string' || name === '') throw new UnreadableValue('unsupported_schema');
  const namespace = typeof own === 'string' ? own : around;
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

function namespaceOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('.')));
}

function strings(value: unknown): string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw new UnreadableValue('unsupported_schema');
  return value;
}

function objects(value: unknown): Named[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'object' && item !== null)) throw new UnreadableValue('unsupported_schema');
  return value as Named[];
}
