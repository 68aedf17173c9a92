import { ZstdFault } from './zstd-fault';

const SMALLEST = 256 * 1024;

/** The newest bytes of a frame: a window that later ones may repeat, and what was not taken yet. It grows with what is written, and no further than its limits ask for. */
export class OutputWindow {
  /** Bytes written. */
  produced = 0;
  private buffer = Buffer.allocUnsafeSlow(SMALLEST);
  private end = 0;
  private taken = 0;

  /** `window` is how far back a repeat may reach, `block` how much is written between two calls of `take`. */
  constructor(
    private readonly window: number,
    private readonly block: number,
  ) {}

  /** Room for one block. */
  prepare(): void {
    if (this.buffer.length - this.end >= this.block) return;
    const kept = Math.min(this.end, this.window);
    const { buffer } = this;
    // Moving the window costs as much as what was written since it was moved, at least for windows up to 16 MiB.
    const room = Math.max(this.block, Math.min(Math.max(kept, SMALLEST), 16 * 1024 * 1024));
    if (buffer.length < kept + room) this.buffer = Buffer.allocUnsafeSlow(kept + room);
    buffer.copy(this.buffer, 0, this.end - kept, this.end);
    this.end = this.taken = kept;
  }

  /** Writes bytes[from, to). */
  add(bytes: Uint8Array, from: number, to: number): void {
    const { buffer, end } = this;
    const length = to - from;
    if (length > 32) buffer.set(bytes.subarray(from, to), end);
    else for (let n = 0; n < length; n++) buffer[end + n] = bytes[from + n] as number;
    this.end = end + length;
    this.produced += length;
  }

  fill(byte: number, length: number): void {
    this.buffer.fill(byte, this.end, this.end + length);
    this.end += length;
    this.produced += length;
  }

  /** Writes again what was written `distance` bytes before, also what is being written. */
  repeat(distance: number, length: number): void {
    const { buffer, end } = this;
    if (distance <= 0 || distance > this.produced || distance > this.window) throw new ZstdFault('a sequence reaches back too far');
    const start = end - distance;
    if (distance >= length && length > 32) buffer.copyWithin(end, start, start + length);
    else if (distance === 1 && length > 32) buffer.fill(buffer[start] as number, end, end + length);
    else for (let n = 0; n < length; n++) buffer[end + n] = buffer[start + n] as number;
    this.end = end + length;
    this.produced += length;
  }

  /** What was written since the last time, a copy. */
  take(): Buffer {
    const bytes = Buffer.from(this.buffer.subarray(this.taken, this.end));
    this.taken = this.end;
    return bytes;
  }
}
