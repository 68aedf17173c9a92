import { BackfillOnly, BackfillOrder, IntervalReason, type PlanBackfillRequest, type ReasonCount } from '@weir/rpc';

/** What the catalog and the runs say about one partition. */
export interface PartitionFacts {
  readonly partition: string;
  /** The run that holds it now. */
  readonly holder?: string | undefined;
  /** The newest run over it that ended and was not cancelled before it published. */
  readonly newest?: { readonly runId: string; readonly failed: boolean } | undefined;
  /** The run that published what is live, and whether it belongs to the backfill that asks and ran under the newest definition. */
  readonly live?: { readonly runId: string; readonly own: boolean } | undefined;
  /** Whether it was published and retention took it. */
  readonly expired: boolean;
  /** Of a stream: whether its archive has it; nothing else could be run. True elsewhere. */
  readonly archived: boolean;
  /** Of a source that is read in sequence: where what the interval could have had is, if it took nothing and cannot be run any more. */
  readonly passedBy?: string | undefined;
  /** What is different since it was published, such as "model silver.lines". */
  readonly changes: readonly string[];
}

/** Where one partition stands. */
export interface Standing {
  readonly partition: string;
  readonly reason: IntervalReason;
  /** Whether the backfill that asks has made it already. */
  readonly own: boolean;
  /** What changed, for people. */
  readonly detail: string;
  /** Empty when no run counts. */
  readonly runId: string;
}

/** Changes that a detail names at most. */
const MAX_CHANGES = 3;

/** The first of these that holds: held now, made by this backfill, not to be run any more, failed since, never published or expired, changed since, done. */
export function standingOf({ partition, holder, newest, live, expired, archived, passedBy, changes }: PartitionFacts): Standing {
  const standing = (reason: IntervalReason, detail = '', own = false) => ({ partition, reason, own, detail, runId: holder ?? newest?.runId ?? live?.runId ?? '' });
  if (holder !== undefined) return standing(IntervalReason.RUNNING);
  if (live?.own) return standing(IntervalReason.DONE, '', true);
  if (passedBy !== undefined) return standing(IntervalReason.NOT_ADDRESSABLE, passedBy);
  if (!archived && !expired) return standing(IntervalReason.DONE, 'the archive has none of it');
  if (newest?.failed) return standing(IntervalReason.FAILED);
  // To fetch again what retention took would only let it go again.
  if (!live) return expired ? standing(IntervalReason.DONE, 'its retention is over') : standing(IntervalReason.MISSING);
  return changes.length > 0 ? standing(IntervalReason.STALE, changesText(changes)) : standing(IntervalReason.DONE);
}

function changesText(changes: readonly string[]): string {
  const more = changes.length - MAX_CHANGES;
  return more > 0 ? `${changes.slice(0, MAX_CHANGES).join(', ')} and ${more} more` : changes.join(', ');
}

const TAKES: Readonly<Record<BackfillOnly, (standing: Standing) => boolean>> = {
  [BackfillOnly.UNSPECIFIED]: () => false,
  [BackfillOnly.MISSING]: ({ reason }) => reason === IntervalReason.MISSING,
  [BackfillOnly.FAILED]: ({ reason }) => reason === IntervalReason.FAILED,
  [BackfillOnly.STALE]: ({ reason }) => reason === IntervalReason.STALE,
  [BackfillOnly.ALL]: ({ reason, own }) => reason !== IntervalReason.RUNNING && reason !== IntervalReason.NOT_ADDRESSABLE && !own,
};

/** What of a plan a page shows. */
export interface PlanPage {
  readonly counts: ReasonCount[];
  readonly selected: number;
  readonly page: readonly Standing[];
  readonly more: boolean;
}

/** Counts all standings, which come oldest first, and picks the page asked for of those that `only` takes. */
export function pageOf(standings: readonly Standing[], { only, order, after, limit }: Pick<PlanBackfillRequest, 'only' | 'order' | 'after' | 'limit'>): PlanPage {
  const counted = new Map<IntervalReason, number>();
  for (const { reason } of standings) counted.set(reason, (counted.get(reason) ?? 0) + 1);
  const counts = Object.values(IntervalReason).flatMap((reason) => {
    const intervals = counted.get(reason);
    return intervals === undefined ? [] : [{ reason, intervals }];
  });
  const taken = standings.filter(TAKES[only]);
  const newestFirst = order === BackfillOrder.NEWEST;
  const ordered = newestFirst ? taken.toReversed() : taken;
  const left = after === '' ? ordered : ordered.filter(({ partition }) => (newestFirst ? partition < after : partition > after));
  return { counts, selected: taken.length, page: left.slice(0, limit), more: left.length > limit };
}
