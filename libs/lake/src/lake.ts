import { randomUUID, createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import { WeirError } from '@weir/core';
import { assertName, confine } from './confine';
import { digestFile, mapFileError, writeDurably, type Digest } from './durable';
import { FolderStore } from './folder-store';
import { Gate } from './gate';
import { decodeManifest, encodeManifest, MAX_MANIFEST_BYTES, type Manifest, type ManifestReference } from './manifest';
import { EXTRACT_MANIFESTS, manifestPath, STAGED_ZONES } from './paths';
import type { LakeStore, StoredFile } from './store';

/** Attempts of one run whose temporary files share a folder of `tmp`. */
export interface Scratch {
  /** Absolute; on the file system of the lake's files here, so that `adopt` can move files out of it. */
  readonly dir: string;
  /**
   * Brings files of the lake to this machine, before the engine reads them, and keeps them here until `dispose`: those of the absolute paths that `Lake.absolute` gave. Files of the scratch folder are here.
   * Throws SEGMENT_CORRUPT for one that the lake does not have, or not as it was written; BUSY and MEMORY_LIMIT where there is no room for all of them; CANCELLED, DISK_FULL, UNAVAILABLE.
   */
  hold(files: readonly string[], signal?: AbortSignal): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * Immutable files in a store that all services share. A file appears whole or not at all, and is in the store for good when a call returns.
 * All methods throw DISK_FULL, CANCELLED, SEGMENT_CORRUPT for what is missing or differs, INVALID_VALUE for a path that is not in the lake, and UNAVAILABLE or LAKE_REFUSED for a store elsewhere.
 */
export class Lake {
  private readonly root: string;
  private readonly writes: Gate;
  /** For sweeps of this package. */
  readonly store: LakeStore;

  /** A lake whose files are here below `root`, which is made when it does not exist; of another store than that folder it has temporary files and copies alone. */
  constructor(root: string, storeAt: (absolute: (path: string) => string) => LakeStore = (absolute) => new FolderStore(absolute)) {
    mkdirSync(root, { recursive: true });
    this.root = realpathSync.native(root);
    this.store = storeAt((path) => this.absolute(path));
    this.writes = new Gate(this.store.concurrentWrites);
  }

  /** The absolute path of a file of the lake on this machine, where it is as long as a scratch holds it; INVALID_VALUE for whatever could lie elsewhere. */
  absolute(path: string): string {
    return confine(this.root, path);
  }

  /**
   * Moves a finished temporary file (from `scratch`) to its place. A file with the same content may be there already; another content is
   * SEGMENT_CORRUPT, because what was written once never changes. `known` is what a writer that hashed on the way says of it: the file is not read once more then.
   */
  async adopt(tempFile: string, path: string, known?: Digest): Promise<Digest> {
    return this.put(path, async () => {
      const digest = known ?? (await digestFile(tempFile));
      await this.place(tempFile, path, digest);
      return digest;
    });
  }

  /** The same, for a file whose place depends on its content. */
  async adoptByContent(tempFile: string, pathOf: (sha256: string) => string): Promise<Digest & { path: string }> {
    const digest = await digestFile(tempFile).catch((error: unknown) => {
      throw mapFileError(error, tempFile);
    });
    const path = pathOf(digest.sha256);
    await this.put(path, async () => {
      await this.place(tempFile, path, digest);
      return digest;
    });
    return { ...digest, path };
  }

  /** Writes a stream to its place, hashing on the way; the same rules as `adopt`. */
  async putStream(path: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, signal?: AbortSignal): Promise<Digest> {
    return this.put(path, async () => {
      const temp = join(await this.temporary(), `put-${randomUUID()}`);
      const digest = await writeDurably(temp, chunks, signal);
      await this.place(temp, path, digest, signal);
      return digest;
    });
  }

  /** Throws SEGMENT_CORRUPT unless the file is there with this size and hash. */
  async verify(segment: { readonly path: string; readonly bytes: number; readonly sha256: string }): Promise<void> {
    await this.span('lake read', segment.path, async (span) => {
      this.absolute(segment.path);
      const found = await this.store.digest(segment.path);
      span.setAttribute('weir.lake.bytes', found.bytes);
      if (found.bytes !== segment.bytes || found.sha256 !== segment.sha256) throw differs(segment.path, segment, found);
    });
  }

  /** Resolves when the lake can be worked with; throws what is wrong otherwise. */
  probe(): Promise<void> {
    return this.store.probe();
  }

  /** What is known of a file without reading it; undefined where there is none. */
  async find(path: string): Promise<StoredFile | undefined> {
    return this.asked(path, () => this.store.find(path));
  }

  /** The bytes of a small file, or the first `most` of one. */
  async read(path: string, most = Number.MAX_SAFE_INTEGER): Promise<Buffer> {
    return this.asked(path, () => this.store.read(path, most));
  }

  /** Removes a file that nobody wants any more, such as the original of a row that was dropped; nothing where there is none. */
  async remove(path: string): Promise<void> {
    await this.asked(path, () => this.store.remove(path));
  }

  /** Reads a manifest and verifies its hash. */
  async readManifest(reference: ManifestReference): Promise<Manifest> {
    return this.span('lake read', reference.manifest, async (span) => {
      this.absolute(reference.manifest);
      const bytes = await this.store.read(reference.manifest, MAX_MANIFEST_BYTES + 1);
      if (bytes.length > MAX_MANIFEST_BYTES) throw new WeirError({ code: 'SEGMENT_CORRUPT', message: `${reference.manifest} has more than ${MAX_MANIFEST_BYTES} bytes; no manifest is that large.` });
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
    const held = this.store.hold();
    return {
      dir,
      hold: (files, signal) => held.take(this.pathsOf(files, dir), signal),
      dispose: () => {
        held.release();
        return rm(dir, { recursive: true, force: true });
      },
    };
  }

  /** Removes what a run staged, manifests and temporary files included, save for raw segments and the manifests of its extracts. Only for runs that published nothing. */
  async removeRun(pipeline: string, runId: string): Promise<void> {
    for (const zone of STAGED_ZONES) {
      const folder = `${zone}/${assertName(pipeline)}`;
      for (const dataset of await this.store.names(folder)) await this.store.remove(`${folder}/${dataset}/${assertName(runId)}`);
    }
    const manifests = `manifest/${pipeline}/${runId}`;
    const dropped = (await this.store.names(manifests)).filter((name) => !name.startsWith(EXTRACT_MANIFESTS));
    for (const name of dropped) await this.store.remove(`${manifests}/${name}`);
    await this.store.removeEmptyFolders(manifests, manifests.split('/').length);
    const temporary = await this.temporary();
    for (const name of await namesIn(temporary)) if (name.startsWith(`${runId}.`)) await rm(join(temporary, name), { recursive: true, force: true });
  }

  /** What the store says of a path of the lake, or throws. */
  private async asked<T>(path: string, body: () => Promise<T>): Promise<T> {
    this.absolute(path);
    return body().catch((error: unknown) => {
      throw mapFileError(error, path);
    });
  }

  private put(path: string, write: () => Promise<Digest>): Promise<Digest> {
    this.absolute(path);
    return this.writes.pass(() =>
      this.span('lake put', path, async (span) => {
        const digest = await write();
        span.setAttribute('weir.lake.bytes', digest.bytes);
        return digest;
      }),
    );
  }

  private async place(temp: string, path: string, digest: Digest, signal?: AbortSignal): Promise<void> {
    const found = await this.store.place(temp, path, digest, signal);
    if (found && found.sha256 !== digest.sha256) throw differs(path, digest, found);
  }

  /** Of files below the root; those of a scratch folder are of nobody else. */
  private pathsOf(files: readonly string[], scratch: string): string[] {
    return [...new Set(files)].filter((file) => !file.startsWith(scratch + sep)).map((file) => relative(this.root, file).split(sep).join('/'));
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
