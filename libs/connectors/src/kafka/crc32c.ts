const POLYNOMIAL = 0x82f63b78;
/** Bytes that one step takes: slicing by eight, which is nearly twice as fast as a byte at a time. */
const SLICE = 8;

/** For each byte of a slice and each value of it, what it makes of the remainder. */
const TABLE = tableOf();

function tableOf(): Int32Array {
  const table = new Int32Array(SLICE * 256);
  for (let value = 0; value < 256; value += 1) {
    let remainder = value;
    for (let bit = 0; bit < 8; bit += 1) remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
    table[value] = remainder;
  }
  for (let at = 256; at < table.length; at += 1) {
    const before = table[at - 256] ?? 0;
    table[at] = (before >>> 8) ^ (table[before & 255] ?? 0);
  }
  return table;
}

/** CRC-32C (RFC 3720, appendix B.4) of bytes, as Kafka has it of a record batch: unsigned. */
export function crc32c(bytes: Uint8Array): number {
  let remainder = -1;
  let at = 0;
  const look = (slice: number, byte: number): number => TABLE[slice * 256 + byte] as number;
  const read = (offset: number): number => bytes[at + offset] as number;
  for (const end = bytes.length - SLICE; at <= end; at += SLICE) {
    const first = remainder ^ (read(0) | (read(1) << 8) | (read(2) << 16) | (read(3) << 24));
    remainder = look(7, first & 255) ^ look(6, (first >>> 8) & 255) ^ look(5, (first >>> 16) & 255) ^ look(4, first >>> 24) ^ look(3, read(4)) ^ look(2, read(5)) ^ look(1, read(6)) ^ look(0, read(7));
  }
  for (; at < bytes.length; at += 1) remainder = (remainder >>> 8) ^ look(0, (remainder ^ read(0)) & 255);
  return ~remainder >>> 0;
}
