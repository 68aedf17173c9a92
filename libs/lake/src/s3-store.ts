import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { isWeirError, sideBySide, WeirError } from '@weir/core';
import { abandonUpload, objectFacts, openUploads, putIfAbsent, readObject, removeObject, type Bucket, type FoundObject, type ObjectFacts } from '@weir/s3';
import { FileCache } from './cache';
import type { Digest } from './durable';
import { CONDEMNED, Marks, WANTED } from './marks';
import { STAGED_ZONES } from './paths';
import { lakeError, missing } from './s3-errors';
import { SWEEP_PAGE, type Hold, type LakeEntry, type LakeStore, type StoredFile } from './store';
import { SHA256, uploadIfAbsent } from './upload';

/** How often a file that vanishes while it is wanted is written again. */
const MAX_PLACES = 5;
/** Objects that are removed at a time. */
const CONCURRENT_REMOVALS = 8;
/** In names of what writers that died have left, as a sweep of `tmp` gives them. */
const UPLOADS = 'tmp/uploads/';
/** An object that is written again and again, to see that the bucket is there and keeps what it has. */
const PROBE = 'control/probe';
const PROVEN_MS = 10_000;

/** Where the lake's objects are, and where copies of them may be. */
export interface S3StorePlace {
  readonly bucket: Bucket;
  /** Of all keys: empty, or with a slash at its end. */
  readonly prefix: string;
  /** Folder of this process alone. */
  readonly root: string;
  /** Folder for files on their way, on the same file system. */
  readonly temporary: string;
  readonly absolute: (path: string) => string;
  /** Most bytes of copies. */
  readonly cacheBytes: number;
  /** The same, asked once and not for long. */
  readonly probe: Bucket;
  /** Of parts of large files; for tests. */
  readonly partBytes?: number | undefined;
}

/**
 * The lake as a bucket, in keys that are the lake's paths below a prefix. A put is a conditional one, so that of two writers of a path one is told what is there; the hash that its writer made goes with every object, the store refuses
 * bytes that are not those of the request's signature, and readers get files whose bytes have that hash, in a bounded folder of their process. Removals leave alone what writers want at that moment (`marks.ts`).
 */
export class S3Store implements LakeStore {
  /** Each holds a part of its file in memory. */
  readonly concurrentWrites = 4;
  private readonly cache: FileCache;
  private readonly marks: Marks;
  /** Whoever asks may end its own request; the others end by their limits. */
  private readonly signal = endless();
  private provenAt = Number.NEGATIVE_INFINITY;
  private isConditional = false;

  constructor(private readonly at: S3StorePlace) {
    this.cache = new FileCache(at, at.cacheBytes, (path, to, expect, signal) => this.fetch(path, to, expect, signal));
    this.marks = new Marks(at.bucket, at.prefix, this.signal);
  }

  async place(file: string, path: string, digest: Digest, signal: AbortSignal = this.signal): Promise<Digest | undefined> {
    const target = { bucket: this.at.bucket, key: this.key(path), signal, partBytes: this.at.partBytes };
    for (let turn = 0; turn < MAX_PLACES; turn += 1) {
      const written = await this.asked(path, () => uploadIfAbsent(file, digest, target));
      const found = written ? undefined : await this.wanted(path, digest);
      if (!written && !found) continue;
      if (isReadByItsWriter(path) && (!found || found.sha256 === digest.sha256)) this.cache.admit(file, path, digest.bytes);
      else await rm(file, { force: true });
      return found;
    }
    throw new WeirError({ code: 'BUSY', message: `${path} was removed from the lake ${MAX_PLACES} times while it was written.`, place: path });
  }

  /** Ten seconds of silence cost nothing: requests to a store have their price. */
  async probe(): Promise<void> {
    if (performance.now() - this.provenAt < PROVEN_MS) return;
    const { probe, prefix } = this.at;
    await this.asked(PROBE, async () => {
      if (this.isConditional) await objectFacts(probe, `${prefix}${PROBE}`, this.signal);
      else this.isConditional = await keepsWhatItHas(probe, `${prefix}${PROBE}`, this.signal);
    });
    if (!this.isConditional) throw new WeirError({ code: 'LAKE_REFUSED', message: `The store of the bucket ${probe.name} writes over an object that it is asked to leave (If-None-Match).`, place: probe.name, fix: 'Keep the lake in a store with conditional writes, such as S3 itself.' });
    this.provenAt = performance.now();
  }

  async find(path: string): Promise<StoredFile | undefined> {
    const facts = await this.facts(path);
    return facts && { bytes: facts.bytes, modifiedMs: facts.modifiedMs };
  }

  /** What the writer hashed: its bytes came with a signature over them, and whoever reads them compares. */
  async digest(path: string): Promise<Digest> {
    const found = await this.digestIfThere(path);
    if (!found) throw missing(path);
    return found;
  }

  async read(path: string, most: number): Promise<Buffer> {
    const facts = await this.facts(path);
    if (!facts) throw missing(path);
    const chunks: Buffer[] = [];
    let length = 0;
    await this.asked(path, async () => {
      for await (const chunk of readObject(this.at.bucket, { key: this.key(path), bytes: facts.bytes }, this.signal)) {
        chunks.push(chunk);
        length += chunk.length;
        if (length >= most) return;
      }
    });
    return Buffer.concat(chunks).subarray(0, most);
  }

  hold(): Hold {
    return this.cache.hold();
  }

  names(folder: string): Promise<string[]> {
    return this.asked(folder, () => this.at.bucket.names(this.key(`${folder}/`)));
  }

  async *list(folder: string): AsyncGenerator<readonly LakeEntry[]> {
    if (folder === 'tmp') return yield* this.leftovers();
    for await (const page of this.objects(`${folder}/`)) yield page.map((object) => this.entry(object));
  }

  async removeUntouched(path: string, beforeMs: number): Promise<boolean> {
    if (path.startsWith(UPLOADS)) return this.giveUp(path);
    const removed = await this.asked(path, () => (path.startsWith(WANTED) || path.startsWith(CONDEMNED) ? this.marks.collectMark(path, beforeMs) : this.marks.collect(path, beforeMs)));
    if (removed) this.cache.drop(path);
    return removed;
  }

  async remove(path: string): Promise<void> {
    await this.removeObject(path);
    for await (const page of this.objects(`${path}/`)) await sideBySide(page, CONCURRENT_REMOVALS, (object) => this.removeObject(this.entry(object).path));
  }

  /** A bucket has no folders. */
  async removeEmptyFolders(): Promise<void> {}

  private async removeObject(path: string): Promise<void> {
    await this.asked(path, () => removeObject(this.at.bucket, this.key(path), this.signal));
    this.cache.drop(path);
  }

  /** What is there, and stays: it may be from long ago, and a collection be about to take it; or it was written just now, and the answer lost. Undefined when it is gone, or was. */
  private async wanted(path: string, { sha256 }: Digest): Promise<Digest | undefined> {
    const found = await this.digestIfThere(path);
    if (found?.sha256 !== sha256) return found;
    await this.asked(path, () => this.marks.want(path));
    return this.digestIfThere(path);
  }

  private facts(path: string, signal = this.signal): Promise<ObjectFacts | undefined> {
    return this.asked(path, () => objectFacts(this.at.bucket, this.key(path), signal));
  }

  private async digestIfThere(path: string, signal = this.signal): Promise<Digest | undefined> {
    const facts = await this.facts(path, signal);
    if (!facts) return undefined;
    const sha256 = facts.metadata[SHA256];
    if (sha256 === undefined) throw new WeirError({ code: 'SEGMENT_CORRUPT', message: `${path} was not written by Weir: it has no hash of its bytes.`, place: path });
    return { bytes: facts.bytes, sha256 };
  }

  private async fetch(path: string, to: string, expect: (bytes: number) => void, signal: AbortSignal): Promise<void> {
    const wanted = await this.digestIfThere(path, signal);
    if (!wanted) throw missing(path);
    expect(wanted.bytes);
    // Bytes that were damaged on their way come whole the second time.
    await this.copy(path, wanted, to, signal).catch((error: unknown) => {
      if (!isWeirError(error) || error.code !== 'SEGMENT_CORRUPT') throw error;
      return this.copy(path, wanted, to, signal);
    });
  }

  private async copy(path: string, wanted: Digest, to: string, signal: AbortSignal): Promise<void> {
    const found = await this.written(path, wanted, to, signal);
    if (found.sha256 !== wanted.sha256) throw new WeirError({ code: 'SEGMENT_CORRUPT', message: `${path} came with ${found.bytes} bytes and the hash ${found.sha256}, not ${wanted.bytes} bytes and ${wanted.sha256}.`, place: path });
  }

  private async written(path: string, { bytes }: Digest, to: string, signal: AbortSignal): Promise<Digest> {
    await rm(to, { force: true });
    const hash = createHash('sha256');
    let read = 0;
    const measured = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        hash.update(chunk);
        read += chunk.length;
        yield chunk;
      }
    };
    await this.asked(path, () => pipeline(readObject(this.at.bucket, { key: this.key(path), bytes }, signal), measured, createWriteStream(to, { flags: 'wx', mode: 0o600 })));
    return { bytes: read, sha256: hash.digest('hex') };
  }

  /** Uploads of parts that nobody completed, and marks. */
  private async *leftovers(): AsyncGenerator<readonly LakeEntry[]> {
    for await (const page of openUploads(this.at.bucket, this.at.prefix, this.signal)) {
      yield page.map(({ key, uploadId, begunMs }) => ({ path: `${UPLOADS}${encodeURIComponent(uploadId)}/${this.pathOf(key)}`, kind: 'file', bytes: 0, modifiedMs: begunMs }));
    }
    for (const marks of [WANTED, CONDEMNED]) for await (const page of this.objects(marks)) yield page.map((object) => this.entry(object));
  }

  private async giveUp(path: string): Promise<boolean> {
    const [uploadId = '', ...names] = path.slice(UPLOADS.length).split('/');
    await this.asked(path, () => abandonUpload(this.at.bucket, { key: this.key(names.join('/')), uploadId: decodeURIComponent(uploadId) }, this.signal));
    return true;
  }

  private async *objects(below: string): AsyncGenerator<readonly FoundObject[]> {
    try {
      for await (const page of this.at.bucket.list(this.key(below))) for (let from = 0; from < page.length; from += SWEEP_PAGE) yield page.slice(from, from + SWEEP_PAGE);
    } catch (error) {
      throw lakeError(error, below);
    }
  }

  private entry({ name, bytes, modifiedMs }: FoundObject): LakeEntry {
    return { path: this.pathOf(name), kind: 'file', bytes, modifiedMs };
  }

  private key(path: string): string {
    return `${this.at.prefix}${path}`;
  }

  private pathOf(key: string): string {
    return key.slice(this.at.prefix.length);
  }

  private async asked<T>(path: string, body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      throw lakeError(error, path);
    }
  }
}

/** Of ingest's files and of manifests a copy would only take room. */
function isReadByItsWriter(path: string): boolean {
  return STAGED_ZONES.some((zone) => path.startsWith(`${zone}/`));
}

async function keepsWhatItHas(bucket: Bucket, key: string, signal: AbortSignal): Promise<boolean> {
  await putIfAbsent(bucket, key, new Uint8Array(0), {}, signal);
  return !(await putIfAbsent(bucket, key, new Uint8Array(0), {}, signal));
}

function endless(): AbortSignal {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  return signal;
}
