import { WeirError, parseInstant, WHOLE } from '@weir/core';
import type { RowFilter } from '@weir/rpc';
import type { Command } from 'commander';

/** What narrows the rows that a command is about. */
export interface RowOptions {
  readonly run?: string | undefined;
  readonly rule?: string | undefined;
  readonly grain?: string | undefined;
  readonly row?: readonly string[] | undefined;
  readonly before?: string | undefined;
}

/** The options that the commands over rows share. */
export function withRows(command: Command): Command {
  return command
    .option('--rule <rule>', 'rows that broke it, such as type:quantity')
    .option('--run <run>', 'rows that this run set aside')
    .option('--grain <start>', 'rows of one grain, such as 2010-12-01; `all` of a pipeline without one')
    .option('--row <number...>', 'rows by their numbers')
    .option('--before <time>', 'rows that were set aside before it, such as 2026-01-01 or 2026-01-01T10:00:00Z');
}

/** The filter that options say. Throws INVALID_VALUE for what is no number or time, naming the option. */
export function rowFilterOf({ run = '', rule = '', grain = '', row = [], before = '' }: RowOptions): RowFilter {
  return { runId: run, rule, partition: grain === '' || grain === WHOLE ? grain : time('--grain', grain), rows: row.map((text) => parseRow(text, '--row')), before: before === '' ? '' : time('--before', before) };
}

/** The number of a row. Throws INVALID_VALUE. */
export function parseRow(text: string, place: string): number {
  const row = /^#?(\d{1,15})$/.exec(text)?.[1];
  if (row === undefined || Number(row) < 1) throw new WeirError({ code: 'INVALID_VALUE', place, message: `\`${text}\` is not the number of a row.`, fix: 'Take it from `weir quarantine list`.' });
  return Number(row);
}

function time(place: string, text: string): string {
  try {
    return parseInstant(text);
  } catch {
    throw new WeirError({ code: 'INVALID_VALUE', place, message: `\`${text}\` is not a date or time.`, fix: 'Write it as 2010-12-01 or 2010-12-01T10:00:00Z.' });
  }
}
