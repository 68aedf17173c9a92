import type { Random } from '../random';

/** Something that the shop sells. */
export interface Product {
  readonly stockCode: string;
  readonly description: string;
  /** Thousandths of a pound. */
  readonly price: number;
}

/** Somebody who buys. */
export interface Customer {
  readonly id: number;
  readonly country: string;
}

const COLOURS = ['RED', 'WHITE', 'BLUE', 'PINK', 'IVORY', 'GREEN', 'CREAM', 'BLACK', 'SILVER', 'VINTAGE', 'RETROSPOT', 'WOODLAND'];
const THINGS = ['LANTERN', 'MUG', 'CAKE TIN', 'LUNCH BAG', 'T-LIGHT HOLDER', 'CUSHION', 'APRON', 'DOORMAT', 'NOTEBOOK', 'PARASOL', 'TEA TOWEL', 'PHOTO FRAME', 'CANDLE', 'CLOCK', 'BUNTING'];
const FORMS = [
  (colour: string, thing: string) => `${colour} ${thing}`,
  (colour: string, thing: string) => `SET OF 6 ${colour} ${thing}S`,
  (colour: string, thing: string) => `${thing}, ${colour}`,
  (colour: string, thing: string) => `${thing} "${colour}"`,
  (colour: string, thing: string) => `CAFÉ ${thing} ${colour} £`,
];
const COUNTRIES = ['United Kingdom', 'Germany', 'France', 'EIRE', 'Spain', 'Netherlands', 'Belgium', 'Switzerland', 'Portugal', 'Norway', 'Italy', 'Channel Islands'];

/** `count` products; about one in ten has a letter after its stock code, one in twenty a price with three decimals. */
export function products(random: Random, count: number): Product[] {
  return Array.from({ length: count }, (_, index) => ({
    stockCode: `${20_000 + index}${random.chance(0.1) ? random.pick(['A', 'B', 'C', 'L']) : ''}`,
    // Plain names are the rule; commas, quotes and letters beyond ASCII the exception, as in real catalogues.
    description: random.pick(FORMS, 3)(random.pick(COLOURS), random.pick(THINGS)),
    price: random.integer(20, 1500) * 10 + (random.chance(0.05) ? 5 : 0),
  }));
}

/** `count` customers, nine in ten of them at home. */
export function customers(random: Random, count: number): Customer[] {
  return Array.from({ length: count }, (_, index) => ({ id: 12_346 + index, country: random.pick(COUNTRIES, 12) }));
}
