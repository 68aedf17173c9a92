import { grainMs } from '../interval/interval';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const PLACEHOLDERS = new Set(['{date}', '{hour}', '{minute}']);

/** What is wrong with a source path, given the pipeline's (valid) grain, and what to do; undefined when nothing is. */
export function sourcePathFault(path: string, grain: string | undefined): { message: string; fix: string } | undefined {
  const placeholders = path.match(/\{[^{}]*\}/g) ?? [];
  const strange = placeholders.find((one) => !PLACEHOLDERS.has(one));
  if (strange !== undefined) return { message: `\`${strange}\` in \`source.path\` is unknown.`, fix: 'Use {date}, {hour} or {minute}.' };
  if (path.includes('\0')) return { message: '`source.path` has a NUL character.', fix: 'Remove it.' };
  if (grain === undefined) {
    if (placeholders.length === 0) return undefined;
    return { message: `\`source.path\` has ${placeholders[0]}, but the pipeline has no grain.`, fix: 'Add a grain such as `grain: 1d`, or use * in the path.' };
  }
  return datedPathFault(path, grain);
}

/** The same of a path whose new files are taken: nothing in it says which interval a file is of. */
export function trackedPathFault(path: string): { message: string; fix: string } | undefined {
  const [placeholder] = path.match(/\{[^{}]*\}/g) ?? [];
  if (placeholder !== undefined) return { message: `\`source.path\` has ${placeholder}, but with \`track: new\` an interval has the files that are new.`, fix: 'Write * in its place; or remove `track`, where the names say which interval a file is of.' };
  return path.includes('\0') ? { message: '`source.path` has a NUL character.', fix: 'Remove it.' } : undefined;
}

function datedPathFault(path: string, grain: string): { message: string; fix: string } | undefined {
  const length = grainMs(grain);
  if (/[*?]/.test(path)) return { message: '`source.path` has a *, but a pipeline with a grain reads one file per interval.', fix: 'Write {date}, {hour} or {minute} in its place.' };
  if (length >= HOUR_MS && path.includes('{minute}')) return { message: `\`source.path\` has {minute}, but the grain is ${grain}.`, fix: 'Use {hour} or {date}, or a grain of minutes.' };
  const wanted = length % DAY_MS === 0 ? ['{date}', '{hour}'] : length < HOUR_MS ? ['{minute}'] : ['{hour}'];
  if (wanted.some((one) => path.includes(one))) return undefined;
  return { message: `\`source.path\` does not say which file belongs to which interval of ${grain}.`, fix: `Write ${wanted[0]} where the file name has it.` };
}

/** `path` below `root` unless it is absolute, with `.` and `..` folded. Pure: no file system is asked. */
export function resolvePath(root: string, path: string): string {
  const absolute = /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path) ? path : `${root}/${path}`;
  const kept: string[] = [];
  for (const step of absolute.split('/')) {
    if (step === '..') kept.pop();
    else if (step !== '' && step !== '.') kept.push(step);
  }
  return `${absolute.startsWith('/') ? '/' : ''}${kept.join('/')}`;
}
