import { createHash } from 'node:crypto';
import { Crc32, Crc32c, Crc64NvmeJs } from '@aws-sdk/checksums/crc';
import type { HeadObjectOutput } from '@aws-sdk/client-s3';

interface Running {
  update(bytes: Buffer): unknown;
  digest(): Uint8Array | Promise<Uint8Array>;
}

/** By the field of an answer that has the checksum, in base64. */
const ALGORITHMS = {
  ChecksumCRC64NVME: () => new Crc64NvmeJs(),
  ChecksumCRC32C: () => new Crc32c(),
  ChecksumCRC32: () => new Crc32(),
  ChecksumSHA1: () => createHash('sha1'),
  ChecksumSHA256: () => createHash('sha256'),
} as const;

type Said = Pick<HeadObjectOutput, keyof typeof ALGORITHMS | 'ChecksumType'>;

/** The checksum that a store says an object has, and that of the bytes that were read of it. */
export class WholeChecksum {
  private constructor(
    private readonly said: string,
    private readonly running: Running,
  ) {}

  /** Undefined where the store says none of the whole object: of one that was written in parts it may know only those of the parts. */
  static of(answer: Said): WholeChecksum | undefined {
    if (answer.ChecksumType === 'COMPOSITE') return undefined;
    for (const [field, start] of Object.entries(ALGORITHMS)) {
      const said = answer[field as keyof typeof ALGORITHMS];
      if (said !== undefined && !said.includes('-')) return new WholeChecksum(said, start());
    }
    return undefined;
  }

  update(bytes: Buffer): void {
    this.running.update(bytes);
  }

  /** Whether the bytes so far are the object; to be asked once, at its end. */
  async matches(): Promise<boolean> {
    return Buffer.from(await this.running.digest()).toString('base64') === this.said;
  }
}
