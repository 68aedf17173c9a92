import { RESERVED_PREFIX } from '@weir/core';

const ZONES = new Set(['raw', 'bronze', 'silver', 'gold']);

/** A header or file name as a name of a column, dataset or pipeline: `CustomerID` → customer_id, `Unit Price (£)` → unit_price. */
export function plainName(text: string, otherwise: string): string {
  const words = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  const name = /^[0-9]/.test(words) ? `n_${words}` : words;
  const short = name.slice(0, 56).replace(/_+$/, '');
  return short === '' || short.startsWith(RESERVED_PREFIX) ? otherwise : short;
}

/** The same for a dataset or pipeline, which cannot be named like a zone. */
export function plainDatasetName(text: string, otherwise: string): string {
  const name = plainName(text, otherwise);
  return ZONES.has(name) ? `${name}_data` : name;
}

/** Column names of headers, in order; repeated ones get _2, _3 and so on. */
export function columnNames(headers: readonly string[]): string[] {
  const names: string[] = [];
  for (const [index, header] of headers.entries()) {
    const base = plainName(header, `column_${index + 1}`);
    let name = base;
    for (let copy = 2; names.includes(name); copy += 1) name = `${base}_${copy}`;
    names.push(name);
  }
  return names;
}
