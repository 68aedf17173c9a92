import type { Problem } from '../definition/problem';
import { listed } from '../suggest';
import { shownValue } from '../yaml/validate-yaml';
import type { YamlPath, YamlText } from '../yaml/yaml-text';
import { readCsvText } from './csv-text';
import type { Cell, RawRecord } from './model-test';
import { MAX_FIXTURE_ROWS } from './test-schema';

/** The data files beside a test file, by name. */
export type DataFiles = ReadonlyMap<string, string>;

/** Where rows of a test stand. */
export interface RowsSource {
  readonly yaml: YamlText;
  readonly path: YamlPath;
  /** A list, or the name of a data file. */
  readonly value: unknown;
  readonly files: DataFiles;
}

/** The rows at a place of a test file, or of the data file that is named there. Values are text as they are written; mappings and lists are JSON. */
export function fixtureRows(source: RowsSource): { readonly rows: RawRecord[]; readonly problems: Problem[] } {
  const { yaml, path, value, files } = source;
  if (typeof value !== 'string') return { rows: yamlRows(yaml, path, value), problems: [] };
  const text = files.get(value);
  const folder = yaml.file.slice(0, yaml.file.lastIndexOf('/') + 1);
  if (text === undefined) {
    const fix = files.size === 0 ? `Write the rows to ${folder}${value}.` : `Write the rows to ${folder}${value}, or use one of ${listed([...files.keys()])}.`;
    return { rows: [], problems: [{ code: 'MISSING_FILE', message: `There is no file ${folder}${value}.`, fix, place: yaml.place(path) }] };
  }
  const read = value.endsWith('.csv') ? csvRows(text, folder + value) : jsonRows(text, folder + value);
  if (read.rows.length <= MAX_FIXTURE_ROWS) return read;
  return { rows: [], problems: [{ code: 'INVALID_VALUE', message: `${folder}${value} has ${read.rows.length} rows; the most is ${MAX_FIXTURE_ROWS}.`, fix: 'Test with fewer rows.', place: yaml.place(path) }] };
}

/** One record that stands in a test file. */
export function yamlRecord(yaml: YamlText, path: YamlPath, value: unknown): RawRecord {
  const fields = new Map(Object.entries(record(value)).map(([name, field]): [string, Cell] => [name, { text: yamlText(yaml, [...path, name], field), place: yaml.place([...path, name]) }]));
  return { fields, json: yamlJson(yaml, path, value), place: yaml.place(path) };
}

function yamlRows(yaml: YamlText, path: YamlPath, value: unknown): RawRecord[] {
  return Array.isArray(value) ? value.map((row: unknown, index) => yamlRecord(yaml, [...path, index], row)) : [];
}

function yamlText(yaml: YamlText, path: YamlPath, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? numberText(yaml, path, value, DECIMAL) : yamlJson(yaml, path, value);
}

/** Numbers in decimal digits, and those among them that JSON has: no leading zero. */
const DECIMAL = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** A number as it is written where it has the form: as a double it could have other digits, and 007 may be text. */
function numberText(yaml: YamlText, path: YamlPath, value: number, form: RegExp): string {
  const source = yaml.source(path) ?? '';
  return form.test(source) ? source : String(value);
}

function yamlJson(yaml: YamlText, path: YamlPath, value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? numberText(yaml, path, value, JSON_NUMBER) : 'null';
  if (Array.isArray(value)) return `[${value.map((item: unknown, index) => yamlJson(yaml, [...path, index], item)).join(',')}]`;
  if (typeof value === 'object' && value !== null) return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${yamlJson(yaml, [...path, key], item)}`).join(',')}}`;
  return JSON.stringify(value ?? null);
}

function csvRows(text: string, file: string): { rows: RawRecord[]; problems: Problem[] } {
  const records = readCsvText(text.replace(/^\uFEFF/, ''));
  const fault = (line: number, message: string, fix: string) => ({ rows: [], problems: [{ code: 'INVALID_VALUE' as const, message, fix, place: `${file}:${line}:1` }] });
  if (!records) return fault(1, 'A quote is never closed.', 'Close it; a quote within quotes is doubled.');
  const [header, ...rest] = records;
  const names = header?.fields.map((name) => name ?? '') ?? [];
  if (!header || names.includes('') || new Set(names).size < names.length) return fault(1, 'The first line does not name each column once.', 'Begin with the names of the columns.');
  const wrong = rest.find(({ fields }) => fields.length !== names.length);
  if (wrong) return fault(wrong.line, `The row has ${wrong.fields.length} fields, the header ${names.length}.`, 'Give every row a field for each column.');
  const rows = rest.map(({ line, fields }): RawRecord => {
    const place = `${file}:${line}:1`;
    const values = Object.fromEntries(names.map((name, index) => [name, fields[index] ?? null]));
    return { fields: new Map(Object.entries(values).map(([name, field]) => [name, { text: field, place }])), json: JSON.stringify(values), place };
  });
  return { rows, problems: [] };
}

function jsonRows(text: string, file: string): { rows: RawRecord[]; problems: Problem[] } {
  const rows: RawRecord[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const place = `${file}:${index + 1}:1`;
    const value = parseJson(line);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return { rows: [], problems: [{ code: 'INVALID_VALUE', message: `The line ${shownValue(line)} is no JSON object.`, fix: 'Write one object a line, such as {"country": "Spain", "amount": "1.50"}.', place }] };
    }
    rows.push({ fields: new Map(Object.entries(value).map(([name, field]) => [name, { text: jsonText(field), place }])), json: line.trim(), place });
  }
  return { rows, problems: [] };
}

function jsonText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
