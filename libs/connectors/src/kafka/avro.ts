import { AvroInput } from './avro-input';
import { compileAvro } from './avro-schema';
import { JsonWriter } from './json-writer';
import { UnreadableValue } from './unreadable-value';

/** Longest JSON text of one value, in bytes. */
export const MAX_VALUE_BYTES = 1024 * 1024;

/**
 * Makes a function that turns what was written with one schema into JSON text. Records become objects with their fields in order, unions
 * their value alone. Longs keep all digits; decimals, bytes (base64), dates and times (ISO 8601) are strings, as are floats that are no
 * numbers. Throws UnreadableValue for a schema that is none; the function throws it for bytes that the schema cannot have written.
 */
export function avroReader(schema: string): (payload: Buffer) => string {
  const translate = compileAvro(schema);
  return (payload) => {
    input.start(payload);
    out.start();
    translate(input, out);
    if (!input.atEnd) throw new UnreadableValue();
    return out.finish();
  };
}

// One of each for the process: reading is synchronous.
const input = new AvroInput();
const out = new JsonWriter(MAX_VALUE_BYTES);
