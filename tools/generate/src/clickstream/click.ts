import { Random } from '../random';
import type { ClickOptions } from './click-options';

/** Something that a visitor did, as its tracker knows it. */
export interface Click {
  readonly userId: string;
  readonly page: string;
  readonly action: 'view' | 'click' | 'purchase';
  /** Milliseconds since 1970, never after it is received. */
  readonly happenedAt: number;
  /** Undefined until the visitor has left the page. */
  readonly dwellMs: number | undefined;
  /** Of purchases, hundredths. */
  readonly amount: number | undefined;
  readonly referrer: string | undefined;
  readonly robot: boolean;
}

const VISITORS = 5_000;
const SHELVES = ['/shoes', '/hats', '/coats', '/lamps', '/mugs', '/books', '/maps', '/toys', '/tea', '/café'];
const PAGES = ['/', '/search', '/cart', ...SHELVES, ...SHELVES.flatMap((shelf) => Array.from({ length: 9 }, (_, item) => `${shelf}/${item + 1}`))];
const REFERRERS = ['search', 'newsletter', 'a friend', '"quoted", with a comma'];

/** Where the numbers of record n come from: the same seed and n, the same numbers. */
export function randomOf({ seed }: Pick<ClickOptions, 'seed'>, n: number): Random {
  return new Random(Math.imul(seed + 1, 0x85ebca6b) ^ Math.imul(n + 1, 0x9e3779b1) ^ Math.floor(n / 0x1_0000_0000));
}

/** When record n is received, milliseconds since 1970. */
export function receivedAt({ startMs, rate }: Pick<ClickOptions, 'startMs' | 'rate'>, n: number): number {
  return startMs + Math.floor((n * 1_000) / rate);
}

/** The click that a tracker makes as record n, out of that record's numbers. */
export function newClick(options: ClickOptions, n: number, random: Random): Click {
  const action = random.chance(0.03) ? 'purchase' : random.chance(0.3) ? 'click' : 'view';
  return {
    userId: `u${random.integer(1, VISITORS)}`,
    page: random.pick(PAGES, 2),
    action,
    happenedAt: receivedAt(options, n) - delayMs(options, random),
    dwellMs: random.chance(0.5) ? random.integer(100, 120_000) : undefined,
    amount: action === 'purchase' ? random.integer(99, 49_999) : undefined,
    referrer: random.chance(0.6) ? random.pick(REFERRERS, 2) : undefined,
    robot: random.chance(0.03),
  };
}

/** What a tracker learns of a click later: how long the visitor stayed, what the purchase came to in the end, that it was a robot. */
export function laterClick(click: Click, random: Random): Click {
  return {
    ...click,
    dwellMs: random.integer(100, 600_000),
    amount: click.amount === undefined ? undefined : random.integer(99, 49_999),
    robot: click.robot || random.chance(0.1),
  };
}

/** What the tracker said of a click before it sent it. */
export function earlierClick(click: Click): Click {
  return { ...click, dwellMs: undefined, referrer: undefined };
}

function delayMs({ disorder, disorderSeconds, late }: ClickOptions, random: Random): number {
  const chance = random.next();
  if (chance < late) return random.integer(3_600_000, 86_400_000);
  return chance < late + disorder ? random.integer(0, disorderSeconds * 1_000) : random.integer(0, 20);
}
