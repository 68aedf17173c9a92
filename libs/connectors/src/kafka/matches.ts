/** Neither format has a match that starts within the last 12 bytes of its block or covers the last 5: LZ4's rule, kept for both. */
const START_MARGIN = 12;
const END_MARGIN = 5;
const SHORTEST = 4;
const HASH_BITS = 13;

/** Takes a run of literals `[from, match)` and what follows it: `length` bytes that stand `offset` bytes before. */
export type MatchSink = (from: number, match: number, offset: number, length: number) => void;

/**
 * Finds repeats in `bytes[from, to)`, a block of at most 64 KiB, in one greedy pass. Gives where the literals after the last match
 * begin.
 */
export function findMatches(bytes: Buffer, from: number, to: number, sink: MatchSink): number {
  // Where each hash was seen last, counted from the block's start: fits 16 bits.
  const seen = new Uint16Array(1 << HASH_BITS);
  let literals = from;
  let at = from;
  while (at + START_MARGIN <= to) {
    const word = bytes.readInt32LE(at);
    const hash = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
    const candidate = from + (seen[hash] as number);
    seen[hash] = at - from;
    if (candidate >= at || bytes.readInt32LE(candidate) !== word) {
      // Steps grow where nothing repeats.
      at += 1 + ((at - literals) >> 6);
      continue;
    }
    let length = SHORTEST;
    while (at + length < to - END_MARGIN && bytes[candidate + length] === bytes[at + length]) length++;
    sink(literals, at, at - candidate, length);
    at += length;
    literals = at;
  }
  return literals;
}
