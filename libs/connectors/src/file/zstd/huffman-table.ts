import { BackwardBits } from './backward-bits';
import { readFseTable } from './fse-table';
import { ZstdFault } from './zstd-fault';

const MAX_BITS = 11;

/** A decoding table of Huffman codes (RFC 8878, 4.2): by the next `width` bits, the symbol and how many bits it takes. */
export interface HuffmanTable {
  readonly width: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

/** Reads the description of a table from bytes[from, to); there are BITS_PADDING bytes before it. */
export function readHuffmanTable(bytes: Uint8Array, from: number, to: number): { readonly table: HuffmanTable; readonly end: number } {
  const header = from < to ? (bytes[from] as number) : 0;
  if (header >= 128) {
    const count = header - 127;
    const end = from + 1 + ((count + 1) >> 1);
    if (end > to) throw new ZstdFault('a Huffman table is not whole');
    const weights = Array.from({ length: count }, (_, n) => ((bytes[from + 1 + (n >> 1)] as number) >> (n % 2 === 0 ? 4 : 0)) & 15);
    return { table: huffmanTable(weights), end };
  }
  const end = from + 1 + header;
  if (header === 0 || end > to) throw new ZstdFault('a Huffman table is not whole');
  return { table: huffmanTable(readWeights(bytes, from + 1, end)), end };
}

/** Weights that are compressed themselves: two states take turns until the bits are used up. */
function readWeights(bytes: Uint8Array, from: number, to: number): number[] {
  const { table, end } = readFseTable(bytes, from, to, 6, MAX_BITS);
  const stream = new BackwardBits(bytes, end, to);
  const states = [stream.read(table.accuracy), stream.read(table.accuracy)];
  if (stream.left < 0) throw new ZstdFault('the weights of a Huffman table are not whole');
  const weights: number[] = [];
  for (let turn = 0; ; turn ^= 1) {
    if (weights.length > 253) throw new ZstdFault('a Huffman table has too many weights');
    const state = states[turn] as number;
    weights.push(table.symbols[state] as number);
    const width = table.bits[state] as number;
    if (width > stream.left) {
      weights.push(table.symbols[states[turn ^ 1] as number] as number);
      return weights;
    }
    states[turn] = (table.bases[state] as number) + stream.read(width);
  }
}

/** Weights of all symbols but the last, whose weight makes the code whole. */
function huffmanTable(weights: number[]): HuffmanTable {
  const sum = weights.reduce((total, weight) => total + (weight > 0 ? 1 << (weight - 1) : 0), 0);
  const width = sum > 0 ? 32 - Math.clz32(sum) : 0;
  const rest = (1 << width) - sum;
  if (width === 0 || width > MAX_BITS || (rest & (rest - 1)) !== 0) throw new ZstdFault('the weights of a Huffman table make no code');
  weights.push(32 - Math.clz32(rest));
  const symbols = new Uint8Array(1 << width);
  const bits = new Uint8Array(1 << width);
  let at = 0;
  // Codes go by weight, then by symbol: those of most bits come first.
  for (let weight = 1; weight <= width; weight++) {
    for (const [symbol, own] of weights.entries()) {
      if (own !== weight) continue;
      const length = 1 << (weight - 1);
      symbols.fill(symbol, at, at + length);
      bits.fill(width + 1 - weight, at, at + length);
      at += length;
    }
  }
  return { width, symbols, bits };
}
