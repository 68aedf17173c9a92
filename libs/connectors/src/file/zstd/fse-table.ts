import { ZstdFault } from './zstd-fault';

/** A decoding table of Finite State Entropy (RFC 8878, 4.1): by state, the symbol and how the next state is read. */
export interface FseTable {
  readonly accuracy: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/** A table and where its description ends. */
export interface ReadTable {
  readonly table: FseTable;
  readonly end: number;
}

/** Reads the description of a table from bytes[from, to). */
export function readFseTable(bytes: Uint8Array, from: number, to: number, maxAccuracy: number, maxSymbol: number): ReadTable {
  let bit = from * 8;
  const look = (): number => {
    const byte = bit >> 3;
    return (((bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8) | ((bytes[byte + 2] ?? 0) << 16)) >>> (bit & 7)) & 0xffff;
  };
  const accuracy = (look() & 15) + 5;
  bit += 4;
  if (accuracy > maxAccuracy) throw new ZstdFault('a table is too exact');
  const counts: number[] = [];
  let left = 1 << accuracy;
  while (left > 0) {
    // A count is below left + 2; the smaller ones of that many need a bit less.
    const width = 32 - Math.clz32(left + 1);
    const short = (1 << width) - 1 - (left + 1);
    let value = look() & ((1 << width) - 1);
    if ((value & ((1 << (width - 1)) - 1)) < short) {
      value &= (1 << (width - 1)) - 1;
      bit += width - 1;
    } else {
      if (value >= 1 << (width - 1)) value -= short;
      bit += width;
    }
    counts.push(value - 1);
    left -= Math.abs(value - 1);
    if (value !== 1) continue;
    for (let repeat = 3; repeat === 3; bit += 2) {
      repeat = look() & 3;
      for (let zero = 0; zero < repeat; zero++) counts.push(0);
      if (counts.length > maxSymbol + 1) break;
    }
  }
  const end = (bit + 7) >> 3;
  if (left < 0 || counts.length > maxSymbol + 1 || end > to) throw new ZstdFault('a table is not whole');
  return { table: fseTable(counts, accuracy), end };
}

/** The table of normalized counts, -1 meaning less than one. */
export function fseTable(counts: readonly number[], accuracy: number): FseTable {
  const size = 1 << accuracy;
  const symbols = new Uint8Array(size);
  const next = new Uint16Array(counts.length);
  let high = size;
  for (const [symbol, count] of counts.entries()) {
    next[symbol] = count === -1 ? 1 : count;
    if (count === -1) symbols[--high] = symbol;
  }
  spread(counts, symbols, high);
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state] as number;
    const nth = next[symbol] as number;
    next[symbol] = nth + 1;
    const width = accuracy - (31 - Math.clz32(nth));
    bits[state] = width;
    bases[state] = (nth << width) - size;
  }
  return { accuracy, symbols, bits, bases };
}

/** A table of one symbol, which takes no bits. */
export function fseRepeat(symbol: number): FseTable {
  return { accuracy: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), bases: new Uint16Array(1) };
}

function spread(counts: readonly number[], symbols: Uint8Array, high: number): void {
  const size = symbols.length;
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  for (const [symbol, count] of counts.entries()) {
    for (let nth = 0; nth < count; nth++) {
      symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at >= high);
    }
  }
}
