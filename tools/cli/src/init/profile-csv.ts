import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quoteIdent, quoteLiteral } from '@weir/core';
import { columnNames } from './plain-name';
import { readCsvHeader } from './csv-header';

/** What the values of one column have in common. */
export interface ColumnProfile {
  readonly name: string;
  readonly header: string;
  /** Values that are not empty. */
  readonly present: number;
  readonly distinct: number;
  /** The narrowest type that holds the values, save for a few. */
  readonly kind: 'integer' | 'decimal' | 'float' | 'boolean' | 'date' | 'timestamp' | 'string';
  /** Digits before and after the point, of decimals. */
  readonly digits: number;
  readonly decimals: number;
  /** Values that are not of that type: they would go to quarantine. */
  readonly misfits: number;
  /** Format of dates and timestamps that are not ISO 8601, in the letters of the contract standard. */
  readonly format?: string;
}

export interface CsvProfile {
  readonly delimiter: string;
  readonly rows: number;
  /** Whether there may be more rows than those looked at. */
  readonly sampled: boolean;
  readonly columns: readonly ColumnProfile[];
  /** Words that the engine's SQL keeps for itself: names among them need quotes. */
  readonly reserved: ReadonlySet<string>;
}

/** Rows that a profile looks at. */
const MAX_ROWS = 500_000;

/** Formats that are tried, ISO 8601 first; where days and months could be either, the day comes first. */
const DATE_FORMATS = [
  ['yyyy-MM-dd', '%Y-%m-%d'],
  ['dd/MM/yyyy', '%d/%m/%Y'],
  ['MM/dd/yyyy', '%m/%d/%Y'],
  ['dd.MM.yyyy', '%d.%m.%Y'],
  ['yyyyMMdd', '%Y%m%d'],
] as const;
const TIME_FORMATS = [
  ['yyyy-MM-dd HH:mm:ss', '%Y-%m-%d %H:%M:%S'],
  ["yyyy-MM-dd'T'HH:mm:ss", '%Y-%m-%dT%H:%M:%S'],
  ['yyyy-MM-dd HH:mm', '%Y-%m-%d %H:%M'],
  ['dd/MM/yyyy HH:mm', '%d/%m/%Y %H:%M'],
  ['MM/dd/yyyy HH:mm', '%m/%d/%Y %H:%M'],
  ['dd.MM.yyyy HH:mm', '%d.%m.%Y %H:%M'],
] as const;

/** Looks at a CSV file with the engine: which type holds each column's values, how many are empty, how many differ. */
export async function profileCsv(path: string): Promise<CsvProfile> {
  const header = await readCsvHeader(path);
  const names = columnNames(header.header);
  const file = await realpath(path);
  const staging = await mkdtemp(join(tmpdir(), 'weir-init-'));
  try {
    const { withEngine } = await import('@weir/engine');
    return await withEngine({ inputs: [file], staging, memoryLimit: '512MB', threads: 2 }, async (engine) => {
      await engine.run(`create table sample as select * from ${reader(file, names, header.delimiter)} limit ${MAX_ROWS}`, 'sample');
      const [total] = await engine.rows<{ rows: number }>('select count(*)::bigint as rows from sample');
      const rows = total?.rows ?? 0;
      const columns: ColumnProfile[] = [];
      for (const [index, name] of names.entries()) {
        const [measured] = await engine.rows<Measured>(measurement(name), 'profile');
        if (measured) columns.push({ name, header: header.header[index] ?? name, ...judge(name, measured) });
      }
      const words = await engine.rows<{ word: string }>("select keyword_name as word from duckdb_keywords() where keyword_category in ('reserved', 'type_function')");
      return { delimiter: header.delimiter, rows, sampled: rows === MAX_ROWS, columns, reserved: new Set(words.map(({ word }) => word)) };
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Rows that do not fit the header are skipped: they go to quarantine later, and say nothing about the columns. */
function reader(file: string, names: readonly string[], delimiter: string): string {
  const columns = names.map((name) => `${quoteLiteral(name)}: 'VARCHAR'`).join(', ');
  return `read_csv(${quoteLiteral(file)}, auto_detect = false, header = true, delim = ${quoteLiteral(delimiter)}, quote = '"', escape = '"', ignore_errors = true, columns = {${columns}})`;
}

interface Measured extends Record<string, number | null> {
  present: number;
  distinct: number;
}

/** One row of numbers: for each type and format, how many values have it. */
function measurement(name: string): string {
  const column = quoteIdent(name);
  const has = (alias: string, condition: string) => `count(*) filter (where ${condition})::bigint as ${alias}`;
  const matches = (alias: string, pattern: string) => has(alias, `regexp_full_match(${column}, ${quoteLiteral(pattern)})`);
  const parses = (prefix: string, formats: readonly (readonly [string, string])[]) =>
    formats.map(([, format], index) => has(`${prefix}${index}`, `try_strptime(${column}, ${quoteLiteral(format)}) is not null`));
  return `select count(${column})::bigint as present, count(distinct ${column})::bigint as distinct,
    ${matches('whole', '[+-]?(0|[1-9]\\d{0,17})')}, ${matches('zeros', '[+-]?(0|[1-9]\\d{0,17})\\.0+')}, ${matches('fixed', '[+-]?(0|[1-9]\\d*)(\\.\\d+)?')},
    ${matches('truth', '(?i)true|false')}, ${has('floating', `try_cast(${column} as double) is not null and isfinite(try_cast(${column} as double))`)},
    ${matches('padded', '[+-]?0\\d+.*')},
    max(length(regexp_extract(${column}, '^[+-]?(\\d+)', 1)))::bigint as digits, max(length(regexp_extract(${column}, '\\.(\\d+)$', 1)))::bigint as decimals,
    ${[...parses('date', DATE_FORMATS), ...parses('time', TIME_FORMATS)].join(', ')}
    from (select nullif(${column}, '') as ${column} from sample)`;
}

const ID_LIKE = /(^|_)(id|ids|no|nr|number|key|code|year|count|qty|quantity|units)$/;

function judge(name: string, measured: Measured): Omit<ColumnProfile, 'name' | 'header'> {
  const { present, distinct } = measured;
  const about = { present, distinct, digits: measured['digits'] ?? 0, decimals: measured['decimals'] ?? 0 };
  const numberOf = (alias: string) => measured[alias] ?? 0;
  const fits = (count: number) => present > 0 && present - count <= tolerated(present);
  const as = (kind: ColumnProfile['kind'], count: number, format?: string) => ({ ...about, kind, misfits: present - count, ...(format === undefined ? {} : { format }) });

  const date = mostFitting(DATE_FORMATS, (index) => numberOf(`date${index}`));
  // Eight digits may be any number: they are a date only where the column says so.
  if (fits(date.count) && (date.format !== 'yyyyMMdd' || /date|day/.test(name))) return as('date', date.count, date.format === 'yyyy-MM-dd' ? undefined : date.format);
  const time = mostFitting(TIME_FORMATS, (index) => numberOf(`time${index}`));
  if (fits(time.count)) return as('timestamp', time.count, time.format.startsWith('yyyy-MM-dd') ? undefined : time.format);
  if (fits(numberOf('truth'))) return as('boolean', numberOf('truth'));
  // 00123 is a code, not a number: its zeros would be lost.
  if (numberOf('padded') > 0) return as('string', present);
  const whole = numberOf('whole') + (ID_LIKE.test(name) ? numberOf('zeros') : 0);
  if (fits(whole) && (numberOf('fixed') === numberOf('whole') || whole > numberOf('whole'))) return as('integer', whole);
  if (fits(numberOf('fixed')) && about.digits + about.decimals <= 34 && about.decimals <= 10) return as('decimal', numberOf('fixed'));
  if (fits(numberOf('floating'))) return as('float', numberOf('floating'));
  return as('string', present);
}

/** Real files have a few broken values; a column is what nearly all of them are. */
function tolerated(present: number): number {
  return Math.max(present * 0.005, Math.min(5, present * 0.05));
}

function mostFitting(formats: readonly (readonly [string, string])[], countOf: (index: number) => number): { format: string; count: number } {
  let best = { format: '', count: -1 };
  for (const [index, [format]] of formats.entries()) {
    if (countOf(index) > best.count) best = { format, count: countOf(index) };
  }
  return best;
}
