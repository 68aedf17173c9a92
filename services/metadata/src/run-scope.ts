import { parseInstant, parseInterval, partitionsOf, WeirError, WHOLE, type Definition, type Interval } from '@weir/core';
import { RunKind, RunStart } from '@weir/rpc';

/** What history models of a pipeline are leased as: refreshes exclude each other, not the runs. */
const HISTORY = 'history';

/** What a run is asked to do. */
export interface RunOrder {
  readonly kind: RunKind;
  readonly startAt: RunStart;
  readonly interval: Interval | undefined;
}

/** What a run works on, by its order and pinned definition. */
export interface RunScope {
  readonly interval: Interval | undefined;
  /** What it holds while it runs. */
  readonly leased: readonly string[];
  /** What it replaces in every dataset that it publishes, ascending. */
  readonly partitions: readonly string[];
  /** The datasets that it publishes, qualified. */
  readonly datasets: readonly string[];
}

/**
 * The scope of a run; the interval comes back canonical. A delivery holds and publishes nothing, and its interval only says what it is about.
 * Throws INVALID_INTERVAL unless the interval is a whole number of grains, or absent where the pipeline has no grain or the run is a refresh;
 * INVALID_VALUE for a refresh that would not start with its source.
 */
export function scopeOf(definition: Definition, { kind, startAt, interval: given }: RunOrder): RunScope {
  const datasets = datasetsOf(definition, kind === RunKind.REFRESH ? 'history' : 'interval');
  if (kind === RunKind.REFRESH) {
    if (startAt !== RunStart.SOURCE) throw new WeirError({ code: 'INVALID_VALUE', message: `A refresh cannot begin as ${startAt}.`, fix: 'Leave start_at out.' });
    if (given) throw new WeirError({ code: 'INVALID_INTERVAL', message: 'A refresh rebuilds the whole history; it takes no interval.', fix: 'Leave the interval out.' });
    return { interval: undefined, leased: [HISTORY], partitions: [WHOLE], datasets };
  }
  if (startAt === RunStart.DELIVERY) {
    const interval = given && { start: parseInstant(given.start), end: parseInstant(given.end) };
    return { interval, leased: [], partitions: [], datasets: [] };
  }
  const interval = checkedInterval(definition, given);
  const partitions = partitionsOf(interval, definition.grain);
  return { interval, leased: partitions, partitions, datasets };
}

/** Qualified names of a definition's datasets: of its runs (raw first), of its refreshes, or all. */
export function datasetsOf({ source, models }: Definition, scope?: 'interval' | 'history'): string[] {
  const wanted = models.filter((model) => scope === undefined || (model.scope === 'history') === (scope === 'history'));
  const names = wanted.map((model) => `${model.zone}.${model.name}`);
  return scope === 'history' ? names : [`raw.${source.dataset}`, `bronze.${source.dataset}`, ...names];
}

function checkedInterval({ name, grain }: Definition, given: Interval | undefined): Interval | undefined {
  if (grain && given) return parseInterval(given.start, given.end, grain);
  if (grain) throw new WeirError({ code: 'INVALID_INTERVAL', message: `The pipeline ${name} has the grain ${grain}; a run needs an interval.` });
  if (given) throw new WeirError({ code: 'INVALID_INTERVAL', message: `The pipeline ${name} has no grain; it does not take the interval ${given.start}/${given.end}.`, fix: 'Leave the interval out.' });
  return undefined;
}
