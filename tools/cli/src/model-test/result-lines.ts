import { join, normalize } from 'node:path';
import { type WeirError, formatError } from '@weir/core';
import { colour, table } from '../output';
import { cut, printable } from '../terminal-text';
import { RULES } from './compare-rejects';
import type { Difference, Row } from './compare-rows';
import { type TestResult, passed } from './run-tests';

/** Most differences that are shown of one result, and characters of one value. */
const MAX_SHOWN = 20;
const MAX_CHARACTERS = 40;

/** All results as a table, then what is wrong with each that failed; places begin with the folder as it was given. */
export function resultLines(folder: string, results: readonly TestResult[]): string[] {
  const rows = results.map((result) => [result.test.name, colour.name(result.test.dataset), result.mode, passed(result) ? colour.good('passed') : colour.bad(summary(result))]);
  const failed = results.filter((result) => !passed(result));
  return [table([{ title: 'test' }, { title: 'model' }, { title: 'mode' }, { title: 'result' }], rows), ...failed.flatMap((result) => failureLines(folder, result)), '', totals(results, failed.length)];
}

/** Such as `1 missing, 2 changed`. */
function summary({ differences, error }: TestResult): string {
  if (error) return error.code;
  const kinds = (['missing', 'unexpected', 'changed'] as const).map((kind) => [differences.filter((one) => one.kind === kind).length, kind] as const);
  return kinds.filter(([number]) => number > 0).map(([number, kind]) => `${number} ${kind}`).join(', ');
}

function totals(results: readonly TestResult[], failed: number): string {
  const some = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
  const runs = `${some(results.length, 'run')} of ${some(new Set(results.map(({ test }) => test)).size, 'test')}`;
  return failed === 0 ? `  ${colour.good('Right.')} ${runs} passed.` : `  ${colour.bad('Wrong.')} ${failed} of ${runs} failed.`;
}

function failureLines(folder: string, result: TestResult): string[] {
  const inFolder = (place: string): string => join(normalize(folder), place);
  const title = ['', `  ${colour.bad(result.test.name)}  ${result.test.dataset}, ${result.mode}  ${colour.faint(inFolder(result.test.place))}`];
  if (result.error) return [...title, ...errorLines(result.error, inFolder)];
  const shown = result.differences.slice(0, MAX_SHOWN);
  const [rejects, rows] = [shown.filter(isReject), shown.filter((difference) => !isReject(difference))];
  const more = result.differences.length - shown.length;
  return [...title, ...differenceTable(rows), ...(rejects.length > 0 ? ['  quarantined:', ...differenceTable(rejects)] : []), ...(more > 0 ? [`  … and ${more} more`] : [])];
}

function errorLines({ code, message, place, fix, samples }: WeirError, inFolder: (place: string) => string): string[] {
  const text = formatError({ code, message, fix, samples, place: place === undefined ? undefined : inFolder(place) });
  return text.split('\n').map((line) => `  ${line}`);
}

function isReject(difference: Difference): boolean {
  return difference.kind === 'missing' ? difference.expected.has(RULES) : difference.actual.has(RULES);
}

/** One row for each difference, over the columns that any of them is compared by. */
function differenceTable(differences: readonly Difference[]): string[] {
  if (differences.length === 0) return [];
  const compared = new Set(differences.flatMap((one) => (one.kind === 'unexpected' ? [] : [...one.expected.keys()])));
  const columns = compared.size > 0 ? [...compared] : [...new Set(differences.flatMap((one) => (one.kind === 'unexpected' ? [...one.actual.keys()] : [])))];
  const rows = differences.map((one) => [one.kind === 'changed' ? colour.doubt(one.kind) : colour.bad(one.kind), ...columns.map((column) => cellText(one, column))]);
  return [table([{ title: '' }, ...columns.map((column) => ({ title: column === RULES ? 'rules' : column }))], rows)];
}

function cellText(difference: Difference, column: string): string {
  if (difference.kind === 'unexpected') return valueText(difference.actual, column);
  if (difference.kind === 'missing' || !difference.columns.includes(column)) return valueText(difference.expected, column);
  return colour.doubt(`expected ${valueText(difference.expected, column)}, is ${valueText(difference.actual, column)}`);
}

function valueText(row: Row, column: string): string {
  if (!row.has(column)) return '';
  const value = row.get(column) ?? null;
  if (value === null) return colour.faint('null');
  const line = value === '' ? "''" : value.replaceAll('\n', '\\n');
  return cut(printable(line), MAX_CHARACTERS);
}
