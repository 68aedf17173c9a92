import type { Random } from '../random';
import type { Customer, Product } from './catalogue';
import type { Line } from './line';

/** What the shop has and whom it serves; invoice numbers go on from day to day. */
export interface Shop {
  readonly random: Random;
  readonly products: readonly Product[];
  readonly customers: readonly Customer[];
  nextInvoice: number;
}

/** One day's lines in the order of the till, with what is wrong with them. */
export interface Day {
  readonly lines: readonly Line[];
  /** Lines that are an exact copy of an earlier one. */
  readonly duplicates: number;
  /** Lines that a row rule of the example refuses. */
  readonly refused: number;
}

const OPENING_MINUTE = 8 * 60;
const CLOSING_MINUTE = 18 * 60;

/** Exactly `rows` lines of one day: sales, cancellations, stock write-offs, counter sales without a customer, copies. */
export function shopDay(shop: Shop, date: string, rows: number): Day {
  const lines: Line[] = [];
  let duplicates = 0;
  let refused = 0;
  while (lines.length < rows) {
    const minute = OPENING_MINUTE + Math.floor((lines.length / rows) * (CLOSING_MINUTE - OPENING_MINUTE));
    const at = `${date} ${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}:00`;
    const chance = shop.random.next();
    if (chance < 0.03) {
      lines.push(writeOff(shop, at));
      refused += 1;
    } else if (chance < 0.0305) {
      lines.push(badDebt(shop, at));
      refused += 1;
    } else {
      const sale = invoice(shop, at, chance > 0.85, rows - lines.length);
      duplicates += sale.duplicates;
      lines.push(...sale.lines);
    }
  }
  return { lines, duplicates, refused };
}

/** An invoice or, for about every seventh, a cancellation with negative quantities; at most `room` lines. */
function invoice(shop: Shop, date: string, cancelled: boolean, room: number): { lines: Line[]; duplicates: number } {
  const { random } = shop;
  const customer = cancelled || random.chance(0.8) ? random.pick(shop.customers, 2) : undefined;
  const invoiceNo = `${cancelled ? 'C' : ''}${shop.nextInvoice++}`;
  const size = Math.min(room, cancelled ? random.integer(1, 3) : random.integer(1, 38));
  const taken = new Set<string>();
  const lines: Line[] = [];
  let duplicates = 0;
  while (lines.length < size) {
    const last = lines.at(-1);
    if (last && random.chance(0.01)) {
      lines.push(last);
      duplicates += 1;
      continue;
    }
    const product = random.pick(shop.products, 3);
    // A product is on an invoice once, so that a copy is always a copy on purpose and the counts are exact.
    if (taken.has(product.stockCode)) continue;
    taken.add(product.stockCode);
    lines.push(saleLine(random, product, { invoiceNo, date, customer: customer?.id, country: customer?.country ?? 'United Kingdom' }, cancelled));
  }
  return { lines, duplicates };
}

function saleLine(random: Random, product: Product, head: Pick<Line, 'invoiceNo' | 'date' | 'customer' | 'country'>, cancelled: boolean): Line {
  const amount = random.chance(0.05) ? random.integer(24, 480) : random.integer(1, 12);
  return {
    ...head,
    stockCode: product.stockCode,
    description: head.customer === undefined && random.chance(0.01) ? '' : product.description,
    quantity: cancelled ? -amount : amount,
    price: random.chance(0.004) ? 0 : product.price,
  };
}

/** Goods that were broken or lost: a negative quantity without a cancellation. */
function writeOff(shop: Shop, date: string): Line {
  const { random } = shop;
  const description = random.pick(['', 'damages', 'lost, not found', '?']);
  return { invoiceNo: String(shop.nextInvoice++), stockCode: random.pick(shop.products).stockCode, description, quantity: -random.integer(1, 300), date, price: 0, country: 'United Kingdom' };
}

/** A correction of the books: a negative price. */
function badDebt(shop: Shop, date: string): Line {
  return { invoiceNo: `A${shop.nextInvoice++}`, stockCode: 'B', description: 'Adjust bad debt', quantity: 1, date, price: -shop.random.integer(1_000, 20_000_000), country: 'United Kingdom' };
}
