import type { StreamRow } from './stream';

/** What the oracle knows of a record: written apart from the SQL that it judges. */
export interface Event {
  readonly id: string;
  readonly note: string;
  readonly seq: string | null;
  readonly partition: number;
  readonly offset: number;
  readonly rowId: string;
  readonly deleted: boolean;
}

/** Negative when `one` is older than `other`. Texts of sequences compare as bytes, numbers as numbers; null is less than all. */
export type Age = (one: Event, other: Event) => number;

export const olderByNumber: Age = (one, other) => rank(one.seq === null ? null : Number(one.seq), other.seq === null ? null : Number(other.seq)) || rank(one.rowId, other.rowId);
export const olderByText: Age = (one, other) => Buffer.compare(bytes(one.seq), bytes(other.seq)) || rank(one.rowId, other.rowId);
export const olderByArrival: Age = (one, other) => one.partition - other.partition || one.offset - other.offset;

function rank<T extends string | number>(one: T | null, other: T | null): number {
  if (one === null || other === null) return Number(one !== null) - Number(other !== null);
  return one < other ? -1 : Number(one > other);
}

/** Nothing is less than a text that is empty. */
function bytes(text: string | null): Buffer {
  return text === null ? Buffer.alloc(0) : Buffer.from(`\x01${text}`);
}

/** The table after all events, in whatever order they came: of each key the newest event, unless it deletes. By key. */
export function expectedRows(events: readonly Event[], age: Age): (string | null)[][] {
  const newest = new Map<string, Event>();
  for (const event of events) {
    const known = newest.get(event.id);
    if (!known || age(known, event) < 0) newest.set(event.id, event);
  }
  const living = [...newest.values()].filter(({ deleted }) => !deleted);
  return living.toSorted((one, other) => Buffer.compare(Buffer.from(one.id), Buffer.from(other.id))).map(({ id, note, seq }) => [id, note, seq]);
}

export function rowOf({ id, note, seq, partition, offset, rowId, deleted }: Event): StreamRow {
  return { id, note, seq, _weir_row_id: rowId, _weir_position: `clicks:${partition}:${offset}`, _weir_deleted: deleted };
}

/** A random number in [0, below): the same for the same seed, so that a failure can be seen again. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
