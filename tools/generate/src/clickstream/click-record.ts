import type { Random } from '../random';
import { BAD_KINDS, badValue, type ClickFields } from './bad-record';
import { earlierClick, laterClick, newClick, randomOf, receivedAt, type Click } from './click';
import type { ClickOptions } from './click-options';

/** What a record says of a click. */
export interface ClickVersion {
  /** Number of the record that brought the click first. */
  readonly base: number;
  /** Greater is newer, among the versions of one click. */
  readonly seq: number;
  /** Undefined where the click is taken back. */
  readonly click: Click | undefined;
}

/** One record of the topic. */
export interface ClickRecord {
  /** Null where the record has no key. */
  readonly key: string | null;
  readonly value: Buffer;
  /** Milliseconds since 1970: when it is received. */
  readonly timestamp: number;
  /** What it says; undefined for records that are bad. */
  readonly version: ClickVersion | undefined;
  /** The rule by which it must be in quarantine; undefined for good records. */
  readonly rule: string | undefined;
}

/** How far back the click of another version is looked for. */
const REACH = 1_000;
/** Numbers between the versions of clicks that follow each other; more than records can ever be between a click and what refers to it. */
const SEQ_STEP = 1_048_576;

type Kind = 'new' | 'duplicate' | 'update' | 'delete' | 'bad';

/** Record n, from 0: a pure function, so that whoever knows the options knows every record. */
export function clickRecord(options: ClickOptions, n: number): ClickRecord {
  const random = randomOf(options, n);
  const kind = kindOf(options, n, random);
  const timestamp = receivedAt(options, n);
  if (kind === 'bad') return badRecord(options, n, random);
  const version = versionOf(options, n, kind, random);
  const fields = fieldsOf(options, version, timestamp);
  return { key: idOf(options, version.base), value: Buffer.from(JSON.stringify(fields)), timestamp, version, rule: undefined };
}

function kindOf({ bad, duplicates, updates, deletes }: ClickOptions, n: number, random: Random): Kind {
  const chance = random.next();
  // There is nothing yet that the first record could refer to.
  if (n === 0) return 'new';
  if (chance < bad) return 'bad';
  if (chance < bad + duplicates) return 'duplicate';
  if (chance < bad + duplicates + updates) return 'update';
  return chance < bad + duplicates + updates + deletes ? 'delete' : 'new';
}

function versionOf(options: ClickOptions, n: number, kind: Exclude<Kind, 'bad'>, random: Random): ClickVersion {
  if (kind === 'new') return { base: n, seq: SEQ_STEP * (n + 1), click: newClick(options, n, random) };
  const base = clickBefore(options, n, random);
  if (kind === 'delete') return { base, seq: SEQ_STEP * (n + 1), click: undefined };
  const click = firstVersion(options, base);
  if (kind === 'duplicate') return { base, seq: SEQ_STEP * (base + 1), click };
  // A version that comes too late has a number of its own too: what a tie would be decided by is nothing to know out here.
  if (random.chance(options.disorder)) return { base, seq: SEQ_STEP * (base + 1) - (n - base), click: earlierClick(click) };
  return { base, seq: SEQ_STEP * (n + 1), click: laterClick(click, random) };
}

/** The number of a record before n that brought a click. */
function clickBefore(options: ClickOptions, n: number, random: Random): number {
  let base = n - random.integer(1, Math.min(n, REACH));
  while (kindOf(options, base, randomOf(options, base)) !== 'new') base -= 1;
  return base;
}

function firstVersion(options: ClickOptions, base: number): Click {
  const random = randomOf(options, base);
  kindOf(options, base, random);
  return newClick(options, base, random);
}

function badRecord(options: ClickOptions, n: number, random: Random): ClickRecord {
  const [kind, rule] = random.pick(BAD_KINDS);
  const click = newClick(options, n, random);
  const timestamp = receivedAt(options, n);
  const fields = fieldsOf(options, { base: n, seq: SEQ_STEP * (n + 1), click }, timestamp);
  return { key: kind === 'no key' ? null : idOf(options, n), value: badValue(kind, fields, click), timestamp, version: undefined, rule };
}

function idOf({ site }: ClickOptions, base: number): string {
  return `${site}-${base}`;
}

function fieldsOf(options: ClickOptions, { base, seq, click }: ClickVersion, received: number): ClickFields {
  const event_id = idOf(options, base);
  const received_at = new Date(received).toISOString();
  if (!click) return { event_id, seq, op: 'delete', received_at };
  const { userId, page, action, happenedAt, dwellMs, amount, referrer, robot } = click;
  const money = amount === undefined ? undefined : amount / 100;
  return { event_id, seq, op: 'put', site: options.site, user_id: userId, page, action, happened_at: new Date(happenedAt).toISOString(), received_at, dwell_ms: dwellMs, amount: money, referrer, robot };
}
