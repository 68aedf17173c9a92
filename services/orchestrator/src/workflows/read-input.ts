import { WeirError, parseInstant, type Interval } from '@weir/core';

/**
 * Readers for the input of a workflow, which may come from anywhere: the Temporal command line, the UI, a schedule or our own code.
 * All throw MISSING_KEY, UNKNOWN_KEY, INVALID_VALUE or INVALID_INTERVAL, name the value without repeating all of it, and say what to write.
 */

/** An object that has no keys but these; `example` shows one that is right. */
export function readObject(value: unknown, what: string, keys: readonly string[], example: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(what, value, example);
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw new WeirError({ code: 'UNKNOWN_KEY', message: `\`${unknown.slice(0, 100)}\` is not a key of ${what}.`, fix: `Its keys are ${keys.join(', ')}.` });
  }
  return value as Record<string, unknown>;
}

/** The name of a pipeline, which must be there. */
export function readPipeline(fields: Record<string, unknown>, example: string): string {
  const pipeline = fields['pipeline'];
  if (pipeline === undefined) throw new WeirError({ code: 'MISSING_KEY', message: 'The input has no `pipeline`.', fix: example });
  if (typeof pipeline !== 'string' || pipeline === '' || pipeline.length > 200) throw invalid('pipeline', pipeline, example);
  return pipeline;
}

/** An interval with `start` and `end`, canonical; undefined when it is absent or null. Whether it fits a grain is metadata's to say. */
export function readInterval(value: unknown, example: string): Interval | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = readObject(value, 'interval', ['start', 'end'], example);
  return { start: instant(fields, 'start'), end: instant(fields, 'end') };
}

/** One of the words that are allowed; undefined when it is absent or null. */
export function readWord<W extends string>(fields: Record<string, unknown>, key: string, words: readonly W[]): W | undefined {
  const value = fields[key];
  if (value === undefined || value === null) return undefined;
  const known = words.find((word) => word === value);
  if (!known) throw invalid(key, value, `Use ${words.join(', ')}.`);
  return known;
}

/** True or false; undefined when it is absent or null. */
export function readFlag(fields: Record<string, unknown>, key: string): boolean | undefined {
  const value = fields[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw invalid(key, value, 'Use true or false.');
  return value;
}

/** A text of at most 500 characters, by default; undefined when it is absent, null or empty. */
export function readText(fields: Record<string, unknown>, key: string, longest = 500): string | undefined {
  const value = fields[key];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string' || value.length > longest) throw invalid(key, value, `Give a text of at most ${longest} characters.`);
  return value;
}

/** INVALID_VALUE for a key of an input. */
export function invalid(what: string, value: unknown, fix: string): WeirError {
  return new WeirError({ code: 'INVALID_VALUE', message: `${what} is ${shown(value)}.`, fix });
}

function instant(fields: Record<string, unknown>, key: 'start' | 'end'): string {
  const value = fields[key];
  if (typeof value !== 'string') {
    throw new WeirError({ code: 'INVALID_INTERVAL', message: `interval.${key} is ${shown(value)}, not a date or time.`, fix: 'Write it as "2010-12-01" or "2010-12-01T10:00:00Z".' });
  }
  return parseInstant(value);
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : `\`${(JSON.stringify(value) ?? typeof value).slice(0, 100)}\``;
}
