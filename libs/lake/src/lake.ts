import { randomUUID, createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import { WeirError } from '@weir/core';
import { assertName, confine } from './confine';
import { digestFile, digestIfThere, flush, mapFileError, settle, touchLike, writeDurably, type Digest } from './durable';
import { Gate } from './gate';
import { decodeManifest, encodeManifest, MAX_MANIFEST_BYTES, type Manifest, type ManifestReference } from './manifest';
import { EXTRACT_MANIFESTS, manifestPath, STAGED_ZONES } from './paths';

/** Writes that flush to the disk at once; more do not make a disk faster and would starve other work. */
const CONCURRENT_WRITES = 8;

/** Attempts of one run whose temporary files share a folder of `tmp`. */
export interface Scratch {
  /** Absolute; on the lake's file system, so that `adopt` can move files out of it. */
  readonly dir: string;
  dispose(): Promise<void>;
}

/**
 * The object store: immutable files below one folder. A file appears whole or not at all, and is on the disk when a call returns.
 * All methods throw DISK_FULL, CANCELLED, SEGMENT_CORRUPT for what is missing or differs, and INVALID_VALUE for a path that is not in the lake.
 */
export class Lake {
  private readonly root: string;
  private readonly writes = new Gate(CONCURRENT_WRITES);

  /** Makes the folder when it does not exist. */
  constructor(root: string) {
    mkdirSync(root, { recursive: true });
    this.root = realpathSync.native(root);
  }

  /** The absolute path of a file in the lake, which need not exist; INVALID_VALUE for whatever could lie elsewhere. */
  absolute(path: string): string {
    return confine(this.root, path);
  }

  /**
   * Moves a finished temporary file (from `scratch`) to its place. A file with the same content may be there already; another content is
   * SEGMENT_CORRUPT, because what was written once never changes. `known` is what a writer that hashed on the way says of it: the file is not read once more then.
   */
  async adopt(tempFile: string, path: string, known?: Digest): Promise<Digest> {
    return this.put(path, async (target) => {
      const digest = known ?? (await digestFile(tempFile));
      await flush(tempFile);
      await this.place(tempFile, target, path, digest);
      return digest;
    });
  }

  /** The same, for a file whose place depends on its content. */
  async adoptByContent(tempFile: string, pathOf: (sha256: string) => string): Promise<Digest & { path: string }> {
    const digest = await digestFile(tempFile).catch((error: unknown) => {
      throw mapFileError(error, tempFile);
    });
    const path = pathOf(digest.sha256);
    await this.put(path, async (target) => {
      await flush(tempFile);
      await this.place(tempFile, target, path, digest);
      return digest;
    });
    return { ...digest, path };
  }

  /** Writes a stream to its place, hashing on the way; the same rules as `adopt`. */
  async putStream(path: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, signal?: AbortSignal): Promise<Digest> {
    return this.put(path, async (target) => {
      const temp = join(await this.temporary(), `put-${randomUUID()}`);
      const digest = await writeDurably(temp, chunks, signal);
      await this.place(temp, target, path, digest);
      return digest;
    });
  }

  /** Throws SEGMENT_CORRUPT unless the file is there with this size and hash. */
  async verify(segment: { readonly path: string; readonly bytes: number; readonly sha256: string }): Promise<void> {
    await this.span('lake read', segment.path, async (span) => {
      const found = await digestFile(this.absolute(segment.path));
      span.setAttribute('weir.lake.bytes', found.bytes);
      if (found.bytes !== segment.bytes || found.sha256 !== segment.sha256) throw differs(segment.path, segment, found);
    });
  }

  /** Reads a manifest and verifies its hash. */
  async readManifest(reference: ManifestReference): Promise<Manifest> {
    return this.span('lake read', reference.manifest, async (span) => {
      const file = this.absolute(reference.manifest);
      const { size } = await lstat(file);
      if (size > MAX_MANIFEST_BYTES) throw new WeirError({ code: 'SEGMENT_CORRUPT', message: `${reference.manifest} has ${size} bytes; no manifest is that large.` });
      const bytes = await readFile(file);
      span.setAttribute('weir.lake.bytes', bytes.length);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      if (sha256 !== reference.sha256) throw new WeirError({ code: 'SEGMENT_CORRUPT', message: `${reference.manifest} has the hash ${sha256}, not ${reference.sha256}.` });
      return decodeManifest(bytes, reference.manifest);
    });
  }

  /** Writes a manifest; `rows` and `bytes` are the totals of all its segments. */
  async writeManifest(manifest: Manifest): Promise<ManifestReference & { rows: number; bytes: number }> {
    const path = manifestPath(manifest.pipeline, manifest.runId, manifest.stage, manifest.attempt);
    const { sha256 } = await this.putStream(path, [encodeManifest(manifest)]);
    const segments = manifest.datasets.flatMap((dataset) => dataset.segments);
    return { manifest: path, sha256, rows: sum(segments.map((segment) => segment.rows)), bytes: sum(segments.map((segment) => segment.bytes)) };
  }

  /** A private folder for temporary files of one attempt; `dispose` removes it with all that is in it. */
  async scratch(runId: string, attempt: string): Promise<Scratch> {
    const prefix = `${assertName(runId)}.${assertName(attempt)}.`;
    const dir = await mkdtemp(join(await this.temporary(), prefix));
    return { dir, dispose: () => rm(dir, { recursive: true, force: true }) };
  }

  /** Removes what a run staged, manifests and temporary files included, save for raw segments and the manifests of its extracts. Only for runs that published nothing. */
  async removeRun(pipeline: string, runId: string): Promise<void> {
    for (const zone of STAGED_ZONES) {
      const folder = this.absolute(`${zone}/${assertName(pipeline)}`);
      for (const dataset of await namesIn(folder)) await rm(join(folder, dataset, assertName(runId)), { recursive: true, force: true });
    }
    const manifests = this.absolute(`manifest/${pipeline}/${runId}`);
    const dropped = (await namesIn(manifests)).filter((name) => !name.startsWith(EXTRACT_MANIFESTS));
    for (const name of dropped) await rm(join(manifests, name), { force: true });
    if ((await namesIn(manifests)).length === 0) await rm(manifests, { recursive: true, force: true });
    const temporary = await this.temporary();
    for (const name of await namesIn(temporary)) if (name.startsWith(`${runId}.`)) await rm(join(temporary, name), { recursive: true, force: true });
  }

  private put(path: string, write: (target: string) => Promise<Digest>): Promise<Digest> {
    const target = this.absolute(path);
    return this.writes.pass(() =>
      this.span('lake put', path, async (span) => {
        const digest = await write(target);
        span.setAttribute('weir.lake.bytes', digest.bytes);
        return digest;
      }),
    );
  }

  private async place(temp: string, target: string, path: string, digest: Digest): Promise<void> {
    // A file that is there already is wanted again: the time of the new copy keeps the collector away from it. One that the collector took just now is written anew.
    const found = (await touchLike(target, temp)) ? await digestIfThere(target) : undefined;
    if (!found) return settle(temp, target);
    await rm(temp, { force: true });
    if (found.sha256 !== digest.sha256) throw differs(path, digest, found);
  }

  private async temporary(): Promise<string> {
    const folder = join(this.root, 'tmp');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  private async span<T>(name: string, path: string, body: (span: Span) => Promise<T>): Promise<T> {
    // Looked up at each use: the provider is registered after this module is loaded in some programs.
    return trace.getTracer('@weir/lake').startActiveSpan(name, { attributes: { 'weir.lake.path': path } }, async (span) => {
      try {
        return await body(span);
      } catch (error) {
        const mapped = mapFileError(error, path);
        span.setAttribute('weir.error.code', mapped.code);
        span.setStatus({ code: SpanStatusCode.ERROR, message: mapped.message });
        throw mapped;
      } finally {
        span.end();
      }
    });
  }
}

/** Of a folder that another clean-up takes away meanwhile nothing is there. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return [];
  });
}

function differs(path: string, wanted: Digest, found: Digest): WeirError {
  return new WeirError({ code: 'SEGMENT_CORRUPT', message: `${path} has ${found.bytes} bytes and the hash ${found.sha256}, not ${wanted.bytes} bytes and ${wanted.sha256}.` });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
