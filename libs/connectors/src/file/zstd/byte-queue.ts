/** The bytes stop before what they begin is whole. */
export class ZstdCut extends Error {}

/** Bytes that come in chunks, taken in pieces of other sizes. */
export class ByteQueue {
  private readonly chunks: AsyncIterator<Buffer>;
  private chunk: Buffer = Buffer.alloc(0);
  private at = 0;
  /** Bytes taken. */
  consumed = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** Whether there is at least one more byte. */
  async more(): Promise<boolean> {
    while (this.at === this.chunk.length) {
      const next = await this.chunks.next();
      if (next.done === true) return false;
      this.chunk = next.value;
      this.at = 0;
    }
    return true;
  }

  /** The next `length` bytes; valid until the next call. Throws ZstdCut when there are fewer. */
  async take(length: number): Promise<Buffer> {
    if (this.chunk.length - this.at < length) await this.fill(length);
    this.at += length;
    this.consumed += length;
    return this.chunk.subarray(this.at - length, this.at);
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      if (!(await this.more())) throw new ZstdCut();
      const step = Math.min(left, this.chunk.length - this.at);
      this.at += step;
      this.consumed += step;
      left -= step;
    }
  }

  /** For the end of the work before the end of the chunks. */
  async close(): Promise<void> {
    await this.chunks.return?.();
  }

  private async fill(length: number): Promise<void> {
    const parts = [this.chunk.subarray(this.at)];
    for (let have = this.chunk.length - this.at; have < length; ) {
      const next = await this.chunks.next();
      if (next.done === true) throw new ZstdCut();
      parts.push(next.value);
      have += next.value.length;
    }
    this.chunk = Buffer.concat(parts);
    this.at = 0;
  }
}
