import type { Click } from './click';
import type { ClickOptions } from './click-options';
import { clickRecord, type ClickVersion } from './click-record';

/** What examples/clickstream must hold of the site once it has read these records and its models have followed. Money is in hundredths. */
export interface ClickAccounts {
  readonly read: number;
  /** Records in quarantine, by rule. */
  readonly quarantined: Readonly<Record<string, number>>;
  /** silver.clicks: clicks whose newest version is there and is not a robot's. */
  readonly clicks: number;
  /** gold.purchases. */
  readonly purchases: { readonly rows: number; readonly amount: number };
  /** gold.users. */
  readonly users: { readonly rows: number; readonly clicks: number; readonly spent: number };
  /** gold.page_minutes: sums over all pages and minutes; a click with versions in two grains counts in both. */
  readonly pageMinutes: { readonly clicks: number; readonly revenue: number };
}

/** The winners of all records are kept: some 200 bytes each. */
export const MAX_EXPECTED_CLICKS = 5_000_000;

/** Counts the first `count` records as the contract and the models mean them, without Weir. `grainMs` is the pipeline's grain. Throws a RangeError above 5 million. */
export function expectedClicks(options: ClickOptions, count: number, grainMs: number): ClickAccounts {
  if (!(count >= 0 && count <= MAX_EXPECTED_CLICKS)) throw new RangeError(`Accounts are made of up to ${MAX_EXPECTED_CLICKS} records, not ${count}.`);
  const quarantined: Record<string, number> = {};
  const winners = new Map<number, ClickVersion>();
  const ofGrain = { grain: 0, winners: new Map<number, ClickVersion>(), clicks: 0, revenue: 0 };
  const closeGrain = (): void => {
    const { clicks, amount } = totals(living(ofGrain.winners));
    ofGrain.clicks += clicks;
    ofGrain.revenue += amount;
    ofGrain.winners.clear();
  };
  for (let n = 0; n < count; n++) {
    const { rule, version, timestamp } = clickRecord(options, n);
    if (rule !== undefined) quarantined[rule] = (quarantined[rule] ?? 0) + 1;
    if (!version) continue;
    const grain = Math.floor(timestamp / grainMs);
    if (grain !== ofGrain.grain) closeGrain();
    ofGrain.grain = grain;
    win(winners, version);
    win(ofGrain.winners, version);
  }
  closeGrain();
  const clicks = living(winners);
  const { amount, purchases, users } = totals(clicks);
  return {
    read: count,
    quarantined,
    clicks: clicks.length,
    purchases: { rows: purchases, amount },
    users: { rows: users, clicks: clicks.length, spent: amount },
    pageMinutes: { clicks: ofGrain.clicks, revenue: ofGrain.revenue },
  };
}

/** A copy has the number of the version that it repeats, and says the same. */
function win(winners: Map<number, ClickVersion>, version: ClickVersion): void {
  const current = winners.get(version.base);
  if (!current || version.seq > current.seq) winners.set(version.base, version);
}

function living(winners: ReadonlyMap<number, ClickVersion>): Click[] {
  return [...winners.values()].flatMap(({ click }) => (click && !click.robot ? [click] : []));
}

function totals(clicks: readonly Click[]): { clicks: number; amount: number; purchases: number; users: number } {
  const purchases = clicks.filter(({ action }) => action === 'purchase');
  return { clicks: clicks.length, amount: purchases.reduce((sum, click) => sum + (click.amount ?? 0), 0), purchases: purchases.length, users: new Set(clicks.map(({ userId }) => userId)).size };
}
