import { ERRORS, formatError, toWeirError, type ErrorCode, type WeirError } from '@weir/core';
import Table from 'cli-table3';
import type { Command } from 'commander';
import { createColors } from 'picocolors';

/** What a command ends with: 0 right, 1 run failed, 2 input wrong, 3 platform unreachable. */
export type ExitCode = 0 | 1 | 2 | 3;

/** Colours are for terminals. The library alone would also colour what CI and nx capture, which then no longer reads as the text it is. */
const pc = createColors(Boolean(process.stdout.isTTY) && process.env['NO_COLOR'] === undefined);

/** The colours of the command line, so that one meaning has one colour everywhere. */
export const colour = { good: pc.green, bad: pc.red, doubt: pc.yellow, faint: pc.dim, strong: pc.bold, name: pc.cyan };

/**
 * Wraps what a command does. Its result is the exit code (nothing = 0); what it throws is printed with code, place and fix,
 * to stderr, or as {"error": {...}} to stdout when the command was given --json.
 *
 *   program.command('status').option('--json', 'machine-readable').action(action(async (options: {json?: boolean}) => …))
 */
export function action<Arguments extends unknown[]>(body: (...args: Arguments) => Promise<ExitCode | void>): (...args: Arguments) => Promise<void> {
  return async (...args) => {
    try {
      process.exitCode = (await body(...args)) ?? 0;
    } catch (thrown) {
      const error = toWeirError(thrown);
      printError(error, args.some(asksForJson));
      if (error.code === 'INTERNAL' && process.env['WEIR_DEBUG']) process.stderr.write(`${error.cause instanceof Error ? error.cause.stack : error.stack}\n`);
      process.exitCode = exitCodeOf(error.code);
    }
  };
}

/** The exit code that an error code stands for. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  if (ERRORS[code].grpc === 'UNAVAILABLE' || code === 'SERVER_FAILED') return 3;
  // What a run or backfill refuses was asked of the wrong one, or at the wrong time.
  return ERRORS[code].grpc === 'INVALID_ARGUMENT' || ERRORS[code].grpc === 'NOT_FOUND' || code === 'PORT_TAKEN' || code === 'NOT_POSSIBLE' ? 2 : 1;
}

/** One value as indented JSON on stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Lines on stdout. */
export function print(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** A table without frames: titles faint, columns two spaces apart. Cells may be coloured. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const none = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '' };
  const drawn = new Table({
    head: columns.map((column) => colour.faint(column.title)),
    chars: none,
    style: { 'padding-left': 0, 'padding-right': 2, head: [], border: [] },
    colAligns: columns.map((column) => column.align ?? 'left'),
  });
  for (const row of rows) drawn.push([...row]);
  return drawn
    .toString()
    .split('\n')
    .map((line) => `  ${line.trimEnd()}`)
    .join('\n');
}

/** A count with thousands separators: 541909 → 541,909. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** Bytes as people read them: 1536 → 1.5 KiB. */
export function bytesWord(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power] ?? ''}`;
}

/** Milliseconds as seconds: 1234 → 1.2 s. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Gives every command the same manners: a wrong option or argument ends with exit code 2. */
export function inheritOutput(command: Command): void {
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  for (const child of command.commands) inheritOutput(child);
}

function printError(error: WeirError, json: boolean): void {
  const { code, message, place, fix, samples, stage } = error;
  if (json) printJson({ error: { code, message, place, fix, samples, stage } });
  else process.stderr.write(`${formatError(error).replace(code, colour.bad(code))}\n`);
}

function asksForJson(argument: unknown): boolean {
  return typeof argument === 'object' && argument !== null && 'json' in argument && argument.json === true;
}
