import { mulberry32 } from '@weir/testkit';
import type { Message } from 'kafkajs';

/** How the newest version of an item is known, and whether items have keys at all. */
export type LogKind = 'sequence' | 'arrival' | 'keyless';

/** One event of a random log as its producer knows it. */
export interface LogEvent {
  readonly id: string;
  readonly seq: number;
  readonly deleted: boolean;
  readonly label: string;
  /** Hundredths. */
  readonly amount: number;
  /** The rule that it breaks; undefined for a good one. */
  readonly broken: string | undefined;
  /** A record without a value: it deletes the key. */
  readonly tombstone: boolean;
  readonly message: Message & { readonly partition: number; readonly timestamp: string };
}

const START = Date.parse('2026-03-01T00:00:00Z');
const LABELS = ['a', 'b', 'c "quoted"', 'd,e', 'ü\nline', ''];
const PARTITIONS = 3;

/**
 * Random logs in one topic, told apart by the beginning of their ids: versions of a few items over three hours of event time, with disorder, exact copies, deletes, and a few bad records.
 * All versions of an item are in one partition, as a producer with keys sends them.
 */
export function randomLogs(kind: LogKind, logs: number, seed: number): LogEvent[] {
  const next = mulberry32(seed);
  const random = (): number => next() / 4_294_967_296;
  const placed: { event: LogEvent; at: number }[] = [];
  for (let log = 0; log < logs; log += 1) {
    const events = randomLog(kind, log, random);
    // Logs run side by side; within a log the order is its own.
    for (const [at, event] of events.entries()) placed.push({ event, at: (at + random()) / events.length });
  }
  return placed.sort((one, other) => one.at - other.at).map(({ event }) => event);
}

function randomLog(kind: LogKind, log: number, random: () => number): LogEvent[] {
  const whole = (most: number): number => Math.floor(random() * (most + 1));
  const events: LogEvent[] = [];
  const items = 1 + whole(7);
  const count = 3 + whole(25);
  const sequences = Array.from({ length: items }, () => 0);
  for (let n = 0; n < count; n += 1) {
    const item = whole(items - 1);
    sequences[item] = (sequences[item] ?? 0) + 1;
    // Late, and often behind what came before it: the clock of the log is not that of the events.
    const minutes = (180 * n) / count + (random() < 0.2 ? -whole(90) : 0);
    const event = eventOf({ kind, id: `log${log}-${item}`, seq: sequences[item] ?? 0, at: START + Math.max(0, minutes) * 60_000 + log, random });
    events.push(event);
    if (random() < 0.15) events.push(event);
  }
  if (kind !== 'arrival') shuffleNear(events, random);
  return events;
}

interface Draft {
  readonly kind: LogKind;
  readonly id: string;
  readonly seq: number;
  readonly at: number;
  readonly random: () => number;
}

function eventOf({ kind, id, seq, at, random }: Draft): LogEvent {
  const label = LABELS[Math.floor(random() * LABELS.length)] ?? '';
  const amount = Math.floor(random() * 10_000);
  const tombstone = kind === 'arrival' && random() < 0.1;
  const deleted = tombstone || (kind !== 'keyless' && random() < 0.12);
  const flaw = tombstone || random() > 0.04 ? undefined : ['undecodable', 'amount_not_negative', 'type:seq'][Math.floor(random() * 3)];
  const value = { id, seq: flaw === 'type:seq' ? 'x' : seq, op: deleted ? 'd' : 'u', label, amount: (flaw === 'amount_not_negative' ? -1 : amount / 100).toFixed(2) };
  // The rules for rows do not hold for one that deletes.
  const broken = flaw === 'amount_not_negative' && deleted ? undefined : flaw;
  const text = flaw === 'undecodable' ? `{"id":"${id}"` : JSON.stringify(value);
  const partition = Number(id.replace(/\D/g, '')) % PARTITIONS;
  return { id, seq, deleted, label, amount, broken, tombstone, message: { key: id, value: tombstone ? null : text, partition, timestamp: String(Math.floor(at)) } };
}

/** Swaps neighbours up to four places apart. */
function shuffleNear(events: LogEvent[], random: () => number): void {
  for (let at = events.length - 1; at > 0; at -= 1) {
    const other = Math.max(0, at - Math.floor(random() * 5));
    const [one, two] = [events[at], events[other]];
    if (one && two) [events[at], events[other]] = [two, one];
  }
}
