import { WeirError, formatInterval, parseIntervalText } from '@weir/core';
import type { BackfillInput, BackfillOnlyWord, BackfillOrderWord } from '@weir/orchestrator';
import { newestDefinition, type Clients } from '@weir/rpc';
import type { Command } from 'commander';

const ONLY: readonly BackfillOnlyWord[] = ['missing', 'failed', 'stale', 'all'];
const ORDERS: readonly BackfillOrderWord[] = ['oldest', 'newest'];
const MAX_PARALLEL = 64;
const MAX_RATE = 6_000;
const MAX_NAME = 200;

/** What a person gives to plan or start a backfill. */
export interface BackfillOptions {
  readonly interval: string;
  readonly only?: string | undefined;
  readonly order?: string | undefined;
  readonly parallel?: string | undefined;
  readonly rate?: string | undefined;
  readonly reason?: string | undefined;
}

/** The options that plan and start share. */
export function withSelection(command: Command): Command {
  return command
    .requiredOption('--interval <start/end>', 'half-open, whole grains, such as 2010-12-01/2011-12-10')
    .option('--only <reason>', `the intervals to take: ${ONLY.join(', ')}; default missing`)
    .option('--order <order>', 'oldest or newest first; default oldest');
}

/**
 * The input of a backfill, checked before anything is started.
 * Throws PIPELINE_NOT_FOUND, INVALID_INTERVAL when the interval is wrong or the pipeline has no grain, INVALID_VALUE for a wrong option.
 */
export async function checkBackfillInput(clients: Clients, pipeline: string, options: BackfillOptions): Promise<BackfillInput> {
  const given = { only: word('--only', options.only, ONLY), order: word('--order', options.order, ORDERS), parallelism: parseParallel(options.parallel), ratePerMinute: parseRate(options.rate) };
  const { grain } = await newestDefinition(clients, pipeline);
  if (!grain) throw new WeirError({ code: 'INVALID_INTERVAL', place: pipeline, message: `${pipeline} has no grain, so there are no intervals to backfill.`, fix: `Run it with \`weir run ${pipeline}\`.` });
  return { pipeline, interval: parseIntervalText(options.interval, grain), ...given, reason: options.reason };
}

function word<W extends string>(place: string, text: string | undefined, words: readonly W[]): W | undefined {
  if (text === undefined) return undefined;
  const found = words.find((one) => one === text.toLowerCase());
  if (!found) throw new WeirError({ code: 'INVALID_VALUE', place, message: `\`${text}\` is none of ${words.join(', ')}.`, fix: `Use one of them.` });
  return found;
}

function parseParallel(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const parallel = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (parallel < 1 || parallel > MAX_PARALLEL) throw new WeirError({ code: 'INVALID_VALUE', place: '--parallel', message: `\`${text}\` intervals cannot run at a time.`, fix: `Give a number from 1 to ${MAX_PARALLEL}.` });
  return parallel;
}

const PER_MINUTE = { s: 60, m: 1, h: 1 / 60 } as const;

/** Starts a minute from `30/m`, `1/s` or `100/h`. Throws INVALID_VALUE. */
export function parseRate(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, number, unit] = /^(\d{1,5}(?:\.\d{1,3})?)\/(s|m|h)$/.exec(text) ?? [];
  const rate = Number(number ?? 0) * (PER_MINUTE[unit as keyof typeof PER_MINUTE] ?? 0);
  if (!(rate > 0) || rate > MAX_RATE) throw new WeirError({ code: 'INVALID_VALUE', place: '--rate', message: `\`${text}\` is not a rate.`, fix: `Give starts per minute, second or hour, such as 30/m, 1/s or 100/h, at most ${MAX_RATE}/m.` });
  return rate;
}

/** The name of a backfill: as given, or its interval and what it takes, so that the same question gets the same backfill. Throws INVALID_VALUE. */
export function backfillName({ interval, only = 'missing' }: Pick<BackfillInput, 'interval' | 'only'>, given: string | undefined): string {
  if (given === undefined) return `${formatInterval(interval).replace('/', '_')}-${only}`;
  if (given === '' || given.length > MAX_NAME || /[\s/]/.test(given)) throw new WeirError({ code: 'INVALID_VALUE', place: '--name', message: `\`${given}\` cannot be the name of a backfill.`, fix: `Use up to ${MAX_NAME} characters without spaces and slashes.` });
  return given;
}
