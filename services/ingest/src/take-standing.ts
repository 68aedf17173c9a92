import { notTaken, WeirError, type Definition, type Interval, type Take } from '@weir/core';
import type { StageContext, TakenFile } from '@weir/rpc';
import { partitionsIn } from './extract-parts';
import type { Metadata } from './metadata';

/** Where a source that is read in sequence stands when a run reads it. */
export interface Standing {
  readonly pipeline: string;
  readonly interval: Interval;
  readonly grain: string;
  readonly partitions: readonly string[];
  /** Those that have taken nothing until now: the last of them takes what is new. */
  readonly untaken: readonly string[];
  /** The newest take of all, and the newest of this source. */
  readonly last: Take | undefined;
  readonly position: Take | undefined;
  /** What intervals of the run took, and their files in the order in which they were taken. */
  readonly takes: readonly Take[];
  readonly files: readonly TakenFile[];
}

/** Asks the catalog; nobody else moves the position while the run holds it. Throws INVALID_INTERVAL, SOURCE_MISSING for an interval that took from another source, and what the catalog throws. */
export async function standingOf({ takes: ask }: Pick<Metadata, 'takes'>, { pipeline, interval }: StageContext, definition: Definition, source: string, signal: AbortSignal): Promise<Standing> {
  const { grain } = definition;
  if (!interval || grain === undefined) throw new WeirError({ code: 'INVALID_INTERVAL', message: `The source of ${pipeline} is read in sequence; a run needs an interval.` });
  let [last, position]: (Take | undefined)[] = [];
  const takes: Take[] = [];
  const files: TakenFile[] = [];
  for await (const page of ask({ pipeline, interval, source }, signal)) {
    [last, position] = [last ?? page.last, position ?? page.position];
    takes.push(...page.takes);
    files.push(...page.files);
  }
  const partitions = partitionsIn(interval, definition);
  const untaken = notTaken(partitions, grain, takes);
  const strange = takes.find((take) => take.source !== source && !untaken.includes(take.partition));
  if (strange) throw moved(strange, source);
  return { pipeline, interval, grain, partitions, untaken, last, position, takes, files };
}

/** What an interval took under another definition, of another table or as files, is not to be found in this one. */
function moved({ partition, source }: Take, now: string): WeirError {
  return new WeirError({ code: 'SOURCE_MISSING', message: `The interval from ${partition} took ${source}, and the pipeline reads ${now} now.`, place: source, fix: 'Run the interval with `--from raw`.' });
}
