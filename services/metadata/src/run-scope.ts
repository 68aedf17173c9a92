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

/** Whether a run extends the archive of a stream: a refresh rebuilds history models, one with an interval does that. */
export function extendsArchive({ kind, interval }: Pick<RunOrder, 'kind' | 'interval'>): boolean {
  return kind === RunKind.REFRESH && interval !== undefined;
}

/** Whether an archive has nothing but raw: no model over intervals or history needs the rest, and the stream keeps all tables. Exports hold what is published. */
export function isRawOnly({ mode, models, destinations }: Definition): boolean {
  return mode === 'realtime' && models.every(({ scope }) => scope === 'row') && destinations.every(({ type }) => type === 'postgres');
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
  /** Those that it need not publish. */
  readonly optional: readonly string[];
}

/**
 * The scope of a run; the interval comes back canonical. A delivery holds and publishes nothing, and its interval only says what it is about.
 * Throws INVALID_INTERVAL unless the interval is a whole number of grains, or absent where the pipeline has no grain or the run is a refresh of history models;
 * INVALID_VALUE for a refresh that would not start with its source, and for a run of a realtime pipeline that would.
 */
export function scopeOf(definition: Definition, order: RunOrder): RunScope {
  const { kind, startAt, interval: given } = order;
  if (kind === RunKind.REFRESH && startAt !== RunStart.SOURCE) throw new WeirError({ code: 'INVALID_VALUE', message: `A refresh cannot begin as ${startAt}.`, fix: 'Leave start_at out.' });
  if (kind === RunKind.REFRESH && !extendsArchive(order)) return { interval: undefined, leased: [HISTORY], partitions: [WHOLE], datasets: datasetsOf(definition, 'history'), optional: [] };
  if (kind === RunKind.REFRESH && definition.mode !== 'realtime') throw new WeirError({ code: 'INVALID_INTERVAL', message: 'A refresh rebuilds the whole history; it takes no interval.', fix: 'Leave the interval out.' });
  if (startAt === RunStart.DELIVERY) {
    const interval = given && { start: parseInstant(given.start), end: parseInstant(given.end) };
    return { interval, leased: [], partitions: [], datasets: [], optional: [] };
  }
  assertStart(definition, order);
  const interval = checkedInterval(definition, given);
  const partitions = partitionsOf(interval, definition.grain);
  const datasets = datasetsOf(definition, 'interval');
  // A run that starts from segments that are published already need not list them again.
  return { interval, leased: partitions, partitions, datasets, optional: extendsArchive(order) && isRawOnly(definition) ? datasets.slice(1) : datasets.slice(0, 1) };
}

/** The topic of a stream is read by its stream and its archive alone: both keep a position, and a third reader would give rows that neither has. */
function assertStart({ name, mode }: Definition, order: RunOrder): void {
  if (mode !== 'realtime' || order.startAt !== RunStart.SOURCE || extendsArchive(order)) return;
  throw new WeirError({ code: 'INVALID_VALUE', message: `${name} is a pipeline of mode realtime: its topic is read by its stream and its archive, not by a run.`, fix: 'Run the interval from what the archive has, with `--from raw`.' });
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
