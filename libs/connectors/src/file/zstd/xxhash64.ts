const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;

const STRIPE = 32;

// Under jest a look at a global costs as much as ten multiplications.
const { imul } = Math;

/** XXH64 with the seed 0 of bytes that come in pieces. */
export class XxHash64 {
  /** The four lanes: the upper and the lower half of each. */
  private readonly lanes: Int32Array;
  private readonly rest = Buffer.alloc(STRIPE);
  private held = 0;
  private total = 0n;

  constructor() {
    this.lanes = Int32Array.from([P1 + P2, P2, 0n, -P1].flatMap((lane) => [Number(BigInt.asIntN(32, lane >> 32n)), Number(BigInt.asIntN(32, lane))]));
  }

  update(bytes: Buffer): void {
    this.total += BigInt(bytes.length);
    let at = 0;
    if (this.held > 0) {
      at = bytes.copy(this.rest, this.held);
      this.held += at;
      if (this.held < STRIPE) return;
      this.stripes(this.rest, 0, STRIPE);
      this.held = 0;
    }
    const end = at + Math.floor((bytes.length - at) / STRIPE) * STRIPE;
    this.stripes(bytes, at, end);
    this.held = bytes.copy(this.rest, 0, end);
  }

  /** The hash as an unsigned number. */
  digest(): bigint {
    let hash = this.total < STRIPE ? P5 : this.merged();
    hash = wrap(hash + this.total);
    let at = 0;
    for (; at + 8 <= this.held; at += 8) hash = wrap(rotate(hash ^ round(0n, this.rest.readBigUInt64LE(at)), 27n) * P1 + P4);
    if (at + 4 <= this.held) {
      hash = wrap(rotate(hash ^ wrap(BigInt(this.rest.readUInt32LE(at)) * P1), 23n) * P2 + P3);
      at += 4;
    }
    for (; at < this.held; at++) hash = wrap(rotate(hash ^ wrap(BigInt(this.rest[at] as number) * P5), 11n) * P1);
    hash = wrap((hash ^ (hash >> 33n)) * P2);
    hash = wrap((hash ^ (hash >> 29n)) * P3);
    return hash ^ (hash >> 32n);
  }

  private merged(): bigint {
    const lanes = [0, 1, 2, 3].map((lane) => (BigInt(this.lanes[2 * lane] as number) << 32n) | BigInt((this.lanes[2 * lane + 1] as number) >>> 0)).map(wrap);
    const sum = wrap(lanes.reduce((total, lane, n) => total + rotate(lane, [1n, 7n, 12n, 18n][n] ?? 0n), 0n));
    return lanes.reduce((hash, lane) => wrap((hash ^ round(0n, lane)) * P1 + P4), sum);
  }

  /** Numbers of 64 bits are pairs here, and one lane goes through all bytes before the next: with big integers it would take 20 times as long. */
  private stripes(bytes: Buffer, from: number, to: number): void {
    for (let lane = 0; lane < 4; lane++) {
      let high = this.lanes[2 * lane] as number;
      let low = this.lanes[2 * lane + 1] as number;
      for (let at = from + 8 * lane; at < to; at += STRIPE) {
        const inLow = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
        const inHigh = (bytes[at + 4] as number) | ((bytes[at + 5] as number) << 8) | ((bytes[at + 6] as number) << 16) | ((bytes[at + 7] as number) << 24);
        // The input times P2, added.
        const added = imul(inLow, 0x27d4eb4f);
        const sum = (low >>> 0) + (added >>> 0);
        high = (high + upper(inLow, 0xeb4f, 0x27d4) + imul(inHigh, 0x27d4eb4f) + imul(inLow, 0xc2b2ae3d) + (sum > 0xffffffff ? 1 : 0)) | 0;
        low = sum | 0;
        // Rotated by 31, times P1.
        const turnedHigh = (high << 31) | (low >>> 1);
        const turnedLow = (low << 31) | (high >>> 1);
        high = (upper(turnedLow, 0xca87, 0x85eb) + imul(turnedHigh, 0x85ebca87) + imul(turnedLow, 0x9e3779b1)) | 0;
        low = imul(turnedLow, 0x85ebca87);
      }
      this.lanes[2 * lane] = high;
      this.lanes[2 * lane + 1] = low;
    }
  }
}

/** The upper half of the product of two numbers of 32 bits, the second one in halves. */
function upper(value: number, factorLow: number, factorHigh: number): number {
  const valueLow = value & 0xffff;
  const valueHigh = value >>> 16;
  const one = imul(valueHigh, factorLow) >>> 0;
  const other = imul(valueLow, factorHigh) >>> 0;
  const middle = (one & 0xffff) + (other & 0xffff) + (imul(valueLow, factorLow) >>> 16);
  return (imul(valueHigh, factorHigh) + (one >>> 16) + (other >>> 16) + (middle >>> 16)) | 0;
}

function round(lane: bigint, input: bigint): bigint {
  return wrap(rotate(wrap(lane + input * P2), 31n) * P1);
}

function rotate(value: bigint, bits: bigint): bigint {
  return wrap((value << bits) | (value >> (64n - bits)));
}

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
