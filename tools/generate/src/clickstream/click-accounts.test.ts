import { isUtf8 } from 'node:buffer';
import { expectedClicks } from './click-accounts';
import { clickOptions } from './click-options';
import { clickRecord } from './click-record';

const HOUR = 3_600_000;
const COUNT = 30_000;

/** Ten seconds before a grain ends, so that clicks have versions in two of them. */
const options = clickOptions({ startMs: Date.parse('2026-03-24T09:59:50Z'), duplicates: 0.1, updates: 0.15, deletes: 0.05, bad: 0.05, disorder: 0.3 });

interface Fields {
  readonly event_id?: string;
  readonly seq: number;
  readonly op: string;
  readonly user_id?: string;
  readonly page: string;
  readonly action: string;
  readonly happened_at: string;
  readonly received_at: string;
  readonly dwell_ms?: unknown;
  readonly amount?: number;
  readonly robot: boolean;
}

/** The contract of examples/clickstream, read by a person: the rule that refuses a value, or its fields. */
function read(value: Buffer): string | Fields {
  if (!isUtf8(value)) return 'invalid_utf8';
  let fields: Fields;
  try {
    fields = JSON.parse(value.toString('utf8')) as Fields;
  } catch {
    return 'undecodable';
  }
  if (Array.isArray(fields)) return 'undecodable';
  if (fields.event_id === undefined) return 'missing:event_id';
  if (fields.op === 'delete') return fields;
  const happened = new Date(fields.happened_at);
  if (happened.toISOString() !== fields.happened_at) return 'type:happened_at';
  if (fields.dwell_ms !== undefined && typeof fields.dwell_ms !== 'number') return 'type:dwell_ms';
  if (fields.user_id === undefined) return 'missing:user_id';
  if (Number(fields.dwell_ms ?? 0) < 0) return 'dwell_not_negative';
  if (!['view', 'click', 'purchase'].includes(fields.action)) return 'action_known';
  if (fields.action === 'purchase' && fields.amount === undefined) return 'purchase_has_amount';
  return happened.getTime() > Date.parse(fields.received_at) + 300_000 ? 'not_from_the_future' : fields;
}

/** Of all versions of each click the one with the greatest seq, when it stays. */
function newest(fields: readonly Fields[]): Fields[] {
  const sorted = fields.toSorted((a, b) => a.seq - b.seq);
  return [...new Map(sorted.map((one) => [one.event_id, one])).values()].filter(({ op, robot }) => op === 'put' && !robot);
}

const hundredths = (clicks: readonly Fields[]): number => Math.round(clicks.reduce((sum, { amount = 0 }) => sum + amount * 100, 0));

test('the accounts are those of the values themselves, read and counted again', () => {
  const outcomes = Array.from({ length: COUNT }, (_, n) => read(clickRecord(options, n).value));
  const good = outcomes.filter((outcome) => typeof outcome !== 'string');
  const rules = outcomes.filter((outcome) => typeof outcome === 'string');
  const clicks = newest(good);
  const purchases = clicks.filter(({ action }) => action === 'purchase');
  const hours = [...new Set(good.map(({ received_at }) => received_at.slice(0, 13)))];
  const arrived = hours.flatMap((hour) => newest(good.filter(({ received_at }) => received_at.startsWith(hour))));

  const accounts = expectedClicks(options, COUNT, HOUR);
  expect(accounts).toEqual({
    read: COUNT,
    quarantined: Object.fromEntries(rules.map((rule) => [rule, rules.filter((other) => other === rule).length])),
    clicks: clicks.length,
    purchases: { rows: purchases.length, amount: hundredths(purchases) },
    users: { rows: new Set(clicks.map(({ user_id }) => user_id)).size, clicks: clicks.length, spent: hundredths(clicks) },
    pageMinutes: { clicks: arrived.length, revenue: hundredths(arrived) },
  });
  expect(hours).toHaveLength(2);
  expect(accounts.pageMinutes.clicks).toBeGreaterThan(accounts.clicks);
});

test('accounts of nothing are zero, and too many records are refused', () => {
  expect(expectedClicks(options, 0, HOUR)).toMatchObject({ read: 0, quarantined: {}, clicks: 0, pageMinutes: { clicks: 0 } });
  expect(() => expectedClicks(options, 5_000_001, HOUR)).toThrow(RangeError);
});
