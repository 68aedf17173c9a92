import { BackwardBits } from './backward-bits';
import { fseRepeat, fseTable, readFseTable, type FseTable } from './fse-table';
import { BLOCK_BYTES, type Literals } from './literals';
import type { OutputWindow } from './output-window';
import { ZstdFault } from './zstd-fault';

/** One of the three kinds of numbers that a sequence has, and how its codes are read. */
class CodeTable {
  private table: FseTable | undefined;

  constructor(
    private readonly predefined: FseTable,
    private readonly maxAccuracy: number,
    private readonly maxSymbol: number,
  ) {}

  get current(): FseTable {
    if (!this.table) throw new ZstdFault('a block has no table of sequences to repeat');
    return this.table;
  }

  /** Takes the table that a block says; gives where its description ends. Mode: predefined, one symbol, described, that of the block before. */
  read(mode: number, bytes: Uint8Array, from: number, to: number): number {
    if (mode === 3) return from;
    if (mode === 2) {
      const { table, end } = readFseTable(bytes, from, to, this.maxAccuracy, this.maxSymbol);
      this.table = table;
      return end;
    }
    if (mode === 0) {
      this.table = this.predefined;
      return from;
    }
    const symbol = from < to ? (bytes[from] as number) : 256;
    if (symbol > this.maxSymbol) throw new ZstdFault('a table of sequences has an unknown code');
    this.table = fseRepeat(symbol);
    return from + 1;
  }
}

/** Baselines and extra bits of the codes of lengths (RFC 8878, 3.1.1.3.2.1.1). */
const LITERAL_BITS = Uint8Array.of(...times(16, 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
const MATCH_BITS = Uint8Array.of(...times(32, 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
const LITERAL_BASES = bases(0, LITERAL_BITS);
const MATCH_BASES = bases(3, MATCH_BITS);

const LITERAL_COUNTS = [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1];
const MATCH_COUNTS = [1, 4, 3, 2, 2, 2, 2, 2, 2, ...times(37, 1), -1, -1, -1, -1, -1, -1, -1];
const OFFSET_COUNTS = [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1];
const LITERALS = fseTable(LITERAL_COUNTS, 6);
const MATCHES = fseTable(MATCH_COUNTS, 6);
const OFFSETS = fseTable(OFFSET_COUNTS, 5);
const MAX_OFFSET_CODE = 31;

function times(count: number, value: number): number[] {
  return Array.from({ length: count }, () => value);
}

/** Each code goes on where the one before ends. */
function bases(first: number, bits: Uint8Array): Uint32Array {
  const all = new Uint32Array(bits.length);
  bits.forEach((_, code) => (all[code] = code === 0 ? first : (all[code - 1] as number) + 2 ** (bits[code - 1] as number)));
  return all;
}

/** Decodes the sequences of the blocks of one frame (RFC 8878, 3.1.1.3.2) and carries them out. */
export class Sequences {
  private readonly literals = new CodeTable(LITERALS, 9, 35);
  private readonly offsets = new CodeTable(OFFSETS, 8, MAX_OFFSET_CODE);
  private readonly matches = new CodeTable(MATCHES, 9, 52);
  /** The newest distances. */
  private first = 1;
  private second = 4;
  private third = 8;

  /** Reads the sequences that end a compressed block, bytes[from, to), and writes what the block stands for. */
  run(bytes: Uint8Array, from: number, to: number, literals: Literals, out: OutputWindow): void {
    const limit = out.produced + BLOCK_BYTES;
    const { count, at } = sequenceCount(bytes, from, to);
    let used = 0;
    if (count > 0) used = this.execute(this.open(bytes, at, to), count, literals, out, limit);
    else if (at !== to) throw new ZstdFault('a block has bytes that are no sequences');
    if (out.produced + literals.length - used > limit) throw new ZstdFault('a block is too long');
    out.add(literals.bytes, used, literals.length);
  }

  private open(bytes: Uint8Array, from: number, to: number): BackwardBits {
    const modes = bytes[from] ?? 0;
    if (from >= to || (modes & 3) !== 0) throw new ZstdFault('a block has unknown modes of sequences');
    let at = this.literals.read(modes >> 6, bytes, from + 1, to);
    at = this.offsets.read((modes >> 4) & 3, bytes, at, to);
    at = this.matches.read((modes >> 2) & 3, bytes, at, to);
    return new BackwardBits(bytes, at, to);
  }

  /** Gives how many literals were used. */
  private execute(stream: BackwardBits, count: number, { bytes, length }: Literals, out: OutputWindow, limit: number): number {
    const [literals, offsets, matches] = [this.literals.current, this.offsets.current, this.matches.current];
    let literal = stream.read(literals.accuracy);
    let offset = stream.read(offsets.accuracy);
    let match = stream.read(matches.accuracy);
    let used = 0;
    for (let left = count; left > 0; left--) {
      const literalCode = literals.symbols[literal] as number;
      const matchCode = matches.symbols[match] as number;
      const offsetCode = offsets.symbols[offset] as number;
      const offsetValue = ((1 << offsetCode) >>> 0) + stream.readLong(offsetCode);
      const matchLength = (MATCH_BASES[matchCode] as number) + stream.read(MATCH_BITS[matchCode] as number);
      const literalLength = (LITERAL_BASES[literalCode] as number) + stream.read(LITERAL_BITS[literalCode] as number);
      if (used + literalLength > length || out.produced + literalLength + matchLength > limit) throw new ZstdFault('a sequence is too long');
      out.add(bytes, used, used + literalLength);
      used += literalLength;
      out.repeat(this.distance(offsetValue, literalLength), matchLength);
      if (left === 1) break;
      literal = (literals.bases[literal] as number) + stream.read(literals.bits[literal] as number);
      match = (matches.bases[match] as number) + stream.read(matches.bits[match] as number);
      offset = (offsets.bases[offset] as number) + stream.read(offsets.bits[offset] as number);
    }
    if (stream.left !== 0) throw new ZstdFault('the sequences of a block do not end where they should');
    return used;
  }

  /** The three values that are no distances themselves name recent ones; without literals before them they are shifted by one. */
  private distance(value: number, literalLength: number): number {
    const named = value > 3 ? 4 : value - (literalLength === 0 ? 0 : 1);
    if (named === 0) return this.first;
    const distance = named === 4 ? value - 3 : named === 1 ? this.second : named === 2 ? this.third : this.first - 1;
    if (named !== 1) this.third = this.second;
    this.second = this.first;
    this.first = distance;
    return distance;
  }
}

function sequenceCount(bytes: Uint8Array, from: number, to: number): { count: number; at: number } {
  const first = from < to ? (bytes[from] as number) : 0;
  const size = from >= to ? Infinity : first < 128 ? 1 : first < 255 ? 2 : 3;
  if (from + size > to) throw new ZstdFault('a block does not say how many sequences it has');
  const second = bytes[from + 1] ?? 0;
  const count = size === 1 ? first : size === 2 ? ((first - 128) << 8) + second : second + ((bytes[from + 2] ?? 0) << 8) + 0x7f00;
  return { count, at: from + size };
}
