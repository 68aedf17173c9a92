import { isIdLike } from '@weir/core';
import type { DiscoveredColumn } from '@weir/rpc';

export type JsonRecord = Readonly<Record<string, unknown>>;

/** Digits before and after the point that a proposed decimal has at least: amounts grow. */
const DIGITS = 18;
const DECIMALS = 2;
const MOST_DECIMALS = 10;

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$/;

/** The fields at the top of records in the order in which they come, each with the type that holds all its values. A few records are not all: what is seen is a proposal. */
export function columnsByValues(records: readonly JsonRecord[]): DiscoveredColumn[] {
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return names.map((name) => {
    const values = records.map((record) => record[name] ?? null);
    const present = values.filter((value) => value !== null);
    return { name, type: typeOf(present), sourceType: '', required: present.length === values.length };
  });
}

/** A column that looks like an identifier and is never null and never the same; none where no column does. */
export function keyByValues(columns: readonly DiscoveredColumn[], records: readonly JsonRecord[]): string[] {
  const key = columns.find(({ name, required, type }) => required && /^(?:BIGINT|VARCHAR)$/.test(type) && isIdLike(name.toLowerCase()) && new Set(records.map((record) => record[name])).size === records.length);
  return key ? [key.name] : [];
}

/** A field of CSV as the value that it would be in JSON; nothing is null, and what has zeros at its start is a code. */
export function valueOfText(text: string): unknown {
  if (text === '') return null;
  if (/^(?:true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

function typeOf(values: readonly unknown[]): string {
  const all = (holds: (value: unknown) => boolean): boolean => values.length > 0 && values.every(holds);
  if (all((value) => typeof value === 'boolean')) return 'BOOLEAN';
  if (all((value) => Number.isSafeInteger(value))) return 'BIGINT';
  if (all((value) => typeof value === 'number')) return numberType(values as readonly number[]);
  if (all((value) => Array.isArray(value))) return 'ARRAY';
  if (all((value) => typeof value === 'object')) return 'OBJECT';
  if (all((value) => typeof value === 'string' && DAY.test(value) && !Number.isNaN(Date.parse(value)))) return 'DATE';
  if (all((value) => typeof value === 'string' && TIME.test(value))) return 'TIMESTAMP';
  return 'VARCHAR';
}

/** Amounts add up exactly only as decimals. */
function numberType(values: readonly number[]): string {
  const decimals = Math.max(DECIMALS, ...values.map((value) => String(value).split('.')[1]?.length ?? 0));
  const plain = values.every((value) => !String(value).includes('e') && Math.abs(value) < 10 ** (DIGITS - MOST_DECIMALS));
  return plain && decimals <= MOST_DECIMALS ? `DECIMAL(${DIGITS},${decimals})` : 'DOUBLE';
}
