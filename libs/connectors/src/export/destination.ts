import { SpanStatusCode, trace } from '@opentelemetry/api';
import { isWeirError, sideBySide, WeirError } from '@weir/core';
import { collectExport } from './collect';
import { encodeJson, exportManifestPath, MAX_MANIFEST_BYTES, MAX_POINTER_BYTES, parseManifest, parsePointer, pointerPath, sha256Of, type ExportManifest, type ExportPointer } from './manifest';
import type { ExportStore, LocalFile } from './store';

/** Where an export stands; both undefined before its first load. */
export interface ExportStanding {
  readonly manifest: ExportManifest | undefined;
  /** Of the pointer. */
  readonly tag: string | undefined;
}

/** A file that was written for an export, and where it belongs. */
export interface NewFile extends LocalFile {
  readonly path: string;
}

/** The next version of an export. */
export interface PreparedExport {
  readonly manifest: ExportManifest;
  /** Those of its files that are not there yet. */
  readonly files: readonly NewFile[];
}

export interface ExportOptions {
  readonly signal: AbortSignal;
  /** Called with the bytes of each file that is there. */
  readonly onBytes: (bytes: number) => void;
  readonly nowMs: number;
}

/** Files on their way at a time. */
const CONCURRENT_FILES = 4;

/**
 * An export: tables as files, and one pointer that says which of them hold. Whoever reads the pointer first sees all tables at one snapshot. Methods throw as ExportStore does, and DESTINATION_INCOMPATIBLE for a pointer or manifest
 * that is not Weir's.
 */
export class ExportDestination {
  constructor(private readonly store: ExportStore) {}

  /** What people call it. */
  get name(): string {
    return this.store.name;
  }

  /** Which version holds. */
  async standing(pipeline: string): Promise<ExportStanding> {
    const path = pointerPath(pipeline);
    const found = await this.store.read(path, MAX_POINTER_BYTES);
    if (!found) return { manifest: undefined, tag: undefined };
    const pointer = parsePointer(found.bytes, pipeline, `${this.name}/${path}`);
    const bytes = await this.store.read(pointer.manifest.path, MAX_MANIFEST_BYTES);
    return { manifest: parseManifest(bytes?.bytes, pointer, `${this.name}/${path}`), tag: found.tag };
  }

  /**
   * Makes a version the one that holds, if the one that it follows still does; false otherwise, and then nothing that anybody reads was changed. The manifest comes first: so each file that was ever begun is in one, and is found when
   * it is to be removed. What no reader needs any more goes afterwards.
   */
  async commit(from: ExportStanding, { manifest, files }: PreparedExport, options: ExportOptions): Promise<boolean> {
    return spanned(this.name, { 'weir.files': files.length, 'weir.snapshot.to': manifest.snapshot }, async () => {
      const bytes = encodeJson(manifest);
      const path = exportManifestPath(manifest);
      await this.store.write(path, bytes);
      await this.addAll(files, options);
      assertRunning(options.signal, this.name);
      const { pipeline, snapshot, commit, run, trace: traceId, loadedAt } = manifest;
      const pointer: ExportPointer = { version: 1, pipeline, snapshot, commit, run, trace: traceId, loadedAt, manifest: { path, bytes: bytes.length, sha256: sha256Of(bytes) } };
      const moved = await this.point(pointer, from);
      if (moved) await this.collect(manifest, from.manifest, options.nowMs);
      else await this.store.remove([...files.map((file) => file.path), path]);
      return moved;
    });
  }

  close(): void {
    this.store.close();
  }

  private async addAll(files: readonly NewFile[], { signal, onBytes }: ExportOptions): Promise<void> {
    await sideBySide(files, CONCURRENT_FILES, async (file) => {
      assertRunning(signal, this.name);
      await this.store.add(file.path, file);
      onBytes(file.bytes);
    });
  }

  /** Moves the pointer. An answer that says no, or is lost, is settled by looking at who has moved it. */
  private async point(pointer: ExportPointer, from: ExportStanding): Promise<boolean> {
    const path = pointerPath(pointer.pipeline);
    const put = await this.store.replace(path, encodeJson(pointer), from.tag).catch((error: unknown) => {
      if (!isWeirError(error) || error.code !== 'UNAVAILABLE') throw error;
      return error;
    });
    if (put === true) return true;
    const found = await this.store.read(path, MAX_POINTER_BYTES);
    if (found && parsePointer(found.bytes, pointer.pipeline, `${this.name}/${path}`).commit === pointer.commit) return true;
    // Neither here nor elsewhere: it may be on its way still, and then only its own condition may stop it.
    if (put !== false && found?.tag === from.tag) throw put;
    return false;
  }

  /** What fails here fails no load: the next one comes by again. */
  private async collect(manifest: ExportManifest, before: ExportManifest | undefined, nowMs: number): Promise<void> {
    await collectExport(this.store, manifest, before, nowMs).catch((error: unknown) => {
      trace.getActiveSpan()?.addEvent('collect failed', { 'weir.error.code': isWeirError(error) ? error.code : 'INTERNAL' });
    });
  }
}

function assertRunning(signal: AbortSignal, place: string): void {
  if (signal.aborted) throw new WeirError({ code: 'CANCELLED', message: `Cancelled while writing the export ${place}.` });
}

async function spanned<T>(name: string, attributes: Readonly<Record<string, string | number>>, body: () => Promise<T>): Promise<T> {
  return trace.getTracer('@weir/connectors').startActiveSpan(`export ${name}`, { attributes }, async (span) => {
    try {
      return await body();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: isWeirError(error) ? error.message : 'The export failed.' });
      throw error;
    } finally {
      span.end();
    }
  });
}
