import { isUtf8 } from 'node:buffer';
import { sideBySide, type PoisonReason } from '@weir/core';
import { avroReader, MAX_VALUE_BYTES } from './avro';
import type { RegisteredSchema, SchemaRegistry } from './registry';
import { UnreadableValue } from './unreadable-value';
import { wireFormat } from './wire-format';

/** A value as JSON text, null where there was none, or why there is no text. */
export type DecodedValue = string | null | { readonly reason: PoisonReason };

export interface RecordDecoder {
  /**
   * Decodes values in the Confluent wire format, each on its own: one that is unreadable never keeps the others. Throws what the registry
   * throws, UNAVAILABLE above all, and then nothing is decoded.
   */
  decode(values: readonly (Buffer | null)[]): Promise<readonly DecodedValue[]>;
}

export interface DecoderOptions {
  /** How the payloads are written. JSON Schema's are JSON text already: the schema must exist, the contract judges the values. */
  readonly format: 'avro' | 'json_schema';
  readonly registry: SchemaRegistry;
}

type Reader = (payload: Buffer) => string;

const SCHEMA_TYPES = { avro: 'AVRO', json_schema: 'JSON' } as const;
/** Schemas that are asked for at a time. */
const REQUESTS = 4;

export function createDecoder({ format, registry }: DecoderOptions): RecordDecoder {
  // By schema object: a reader goes when the registry's cache lets go of its schema.
  const readers = new WeakMap<RegisteredSchema, Reader | PoisonReason>();
  const readerOf = (schema: RegisteredSchema | undefined): Reader | PoisonReason => {
    if (!schema) return 'unknown_schema';
    const known = readers.get(schema);
    if (known) return known;
    const reader = newReader(format, schema);
    readers.set(schema, reader);
    return reader;
  };
  return {
    decode: async (values) => {
      const framed = values.map((value) => value && wireFormat(value));
      const schemas = await resolveSchemas(registry, idsIn(framed));
      const byId = new Map([...schemas].map(([id, schema]) => [id, readerOf(schema)]));
      return framed.map((value) => value && decodeFramed(value, byId));
    },
  };
}

type Framed = ReturnType<typeof wireFormat>;

function idsIn(framed: readonly (Framed | null)[]): number[] {
  const ids = new Set<number>();
  for (const value of framed) if (value && typeof value !== 'string') ids.add(value.schemaId);
  return [...ids];
}

/** All schemas that a batch needs, before any of it is decoded. There are few, unless somebody makes ids up. */
async function resolveSchemas(registry: SchemaRegistry, ids: readonly number[]): Promise<Map<number, RegisteredSchema | undefined>> {
  const found = new Map<number, RegisteredSchema | undefined>();
  await sideBySide(ids, REQUESTS, async (id) => void found.set(id, await registry.schema(id)));
  return found;
}

function newReader(format: DecoderOptions['format'], schema: RegisteredSchema): Reader | PoisonReason {
  if (schema.type !== SCHEMA_TYPES[format] || (format === 'avro' && schema.hasReferences)) return 'unsupported_schema';
  return format === 'avro' ? reasonOr(() => avroReader(schema.text)) : readJson;
}

function decodeFramed(framed: Framed, readers: ReadonlyMap<number, Reader | PoisonReason>): DecodedValue {
  if (typeof framed === 'string') return { reason: framed };
  const reader = readers.get(framed.schemaId) ?? 'unknown_schema';
  if (typeof reader === 'string') return { reason: reader };
  try {
    return reader(framed.payload);
  } catch (error) {
    if (error instanceof UnreadableValue) return { reason: error.reason };
    throw error;
  }
}

function readJson(payload: Buffer): string {
  if (payload.length > MAX_VALUE_BYTES) throw new UnreadableValue('too_large');
  if (!isUtf8(payload)) throw new UnreadableValue('invalid_utf8');
  return payload.toString('utf8');
}

function reasonOr<T>(make: () => T): T | PoisonReason {
  try {
    return make();
  } catch (error) {
    if (error instanceof UnreadableValue) return error.reason;
    throw error;
  }
}
