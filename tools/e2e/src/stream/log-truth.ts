import type { LogEvent, LogKind } from './random-log';

/** A living item, or row of a keyless log, as its newest version has it. */
export interface LivingItem {
  readonly id: string;
  readonly seq: number;
  readonly label: string;
  /** Hundredths. */
  readonly amount: number;
}

/**
 * What the tables of the row models and of the history must hold: from the events in the order in which they were sent, by nothing but the rule that the newest version of a key counts.
 * For keyless logs it gives rows by (content, hour), which is what makes two of them one.
 */
export function livingItems(kind: LogKind, events: readonly LogEvent[]): LivingItem[] {
  const good = events.filter(({ broken }) => broken === undefined);
  if (kind === 'keyless') return keylessRows(events);
  const newest = new Map<string, LogEvent>();
  for (const event of good) {
    const known = newest.get(event.id);
    if (!known || kind === 'arrival' || event.seq >= known.seq) newest.set(event.id, event);
  }
  return [...newest.values()].filter(({ deleted }) => !deleted).map(item);
}

/** The hour is that of the greatest time so far in the partition, good records or bad. */
function keylessRows(events: readonly LogEvent[]): LivingItem[] {
  const greatest = new Map<number, number>();
  const rows = new Map<string, LivingItem>();
  for (const event of events) {
    const { partition, timestamp, value } = event.message;
    const time = Math.max(greatest.get(partition) ?? 0, Number(timestamp));
    greatest.set(partition, time);
    if (event.broken === undefined) rows.set(`${Math.floor(time / 3_600_000)} ${String(value)}`, item(event));
  }
  return [...rows.values()];
}

function item({ id, seq, label, amount }: LogEvent): LivingItem {
  return { id, seq, label: label === '' ? 'none' : label, amount };
}

/** Totals by label, as the history model has them. */
export function labelTotals(items: readonly LivingItem[]): string[] {
  const totals = new Map<string, { items: number; amount: number }>();
  for (const { label, amount } of items) {
    const known = totals.get(label) ?? { items: 0, amount: 0 };
    totals.set(label, { items: known.items + 1, amount: known.amount + amount });
  }
  return [...totals].map(([label, { items: count, amount }]) => `${label}|${count}|${(amount / 100).toFixed(2)}`).sort();
}
