import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, WeirError, type FileLayout } from '@weir/core';
import type { Lake, Segment } from '@weir/lake';
import type { FileFormat, ScannedFile } from './format/file-format';
import { plainFile, type PlainFile } from './plain-file';

export interface ScannedFiles {
  readonly files: readonly ScannedFile[];
  /** Absolute path of a CSV file `file,start,shift` of the line runs; undefined when all lines follow from ordinals. */
  readonly runs: string | undefined;
}

export interface ScanContext {
  readonly lake: Lake;
  readonly layout: FileLayout;
  readonly format: FileFormat;
  /** Absolute path of a folder for temporary files. */
  readonly dir: string;
  readonly signal: AbortSignal;
  readonly progress: (doneBytes: number, totalBytes: number) => void;
}

/**
 * Scans the raw segments by partition, then by name. Throws FILE_MALFORMED and FILE_TRUNCATED with file and line, and SEGMENT_CORRUPT for a
 * segment that is not what its manifest says.
 */
export async function scanFiles(segments: readonly Segment[], context: ScanContext): Promise<ScannedFiles> {
  const total = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const runs = new RunFile(join(context.dir, 'line-runs.csv'));
  const files: ScannedFile[] = [];
  let first = 0;
  let done = 0;
  try {
    for (const segment of inReadingOrder(segments)) {
      const file = files.length;
      const name = nameOf(segment);
      const base = first;
      const { path, rawSha256 } = await plainSegment(segment, join(context.dir, `plain-${file}.txt`), context);
      const scan = await context.format.scan(path, {
        name,
        dir: context.dir,
        signal: context.signal,
        onLineRun: ({ ordinal, shift }) => runs.add(`${file},${base + ordinal},${shift - base}\n`),
        onChunk: async (bytes) => {
          context.progress(done + bytes, total);
          await runs.flush();
        },
      }).catch((error: unknown) => {
        throw mapReadError(error, segment);
      });
      const sha256 = rawSha256 ?? scan.sha256;
      if (sha256 !== segment.sha256) throw new WeirError({ code: 'SEGMENT_CORRUPT', message: `${segment.path} has the hash ${sha256}, not ${segment.sha256}.`, place: name });
      files.push({ file, partition: partitionOf(segment), name, path, sha256: segment.sha256, scan, first });
      first += scan.records;
      done += segment.bytes;
    }
    return { files, runs: await runs.finish() };
  } finally {
    await runs.close();
  }
}

async function plainSegment(segment: Segment, to: string, { lake, layout, signal }: ScanContext): Promise<PlainFile> {
  return plainFile(lake.absolute(segment.path), layout, { name: nameOf(segment), to, signal }).catch((error: unknown) => {
    throw mapReadError(error, segment);
  });
}

/** Bronze is ordered by partition; files in that order spare the sort. */
function inReadingOrder(segments: readonly Segment[]): Segment[] {
  const key = (segment: Segment): string => `${partitionOf(segment)}\n${nameOf(segment)}`;
  return segments.map((segment) => ({ segment, key: key(segment) })).sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ segment }) => segment);
}

/** A file's name for people: what the source calls it. */
export function nameOf(segment: Segment): string {
  return segment.source ?? segment.path.split('/').at(-1) ?? segment.path;
}

function partitionOf(segment: Segment): string {
  const [partition, other] = segment.partitions;
  if (partition === undefined || other !== undefined) throw new WeirError({ code: 'INTERNAL', message: `The raw segment ${segment.path} is of ${segment.partitions.length} partitions, not of one.` });
  return partition;
}

function mapReadError(error: unknown, segment: Segment): unknown {
  return systemCode(error) === 'ENOENT' ? new WeirError({ code: 'SEGMENT_CORRUPT', message: `${segment.path} is missing in the lake.` }, { cause: error }) : error;
}

/** Line runs go to a file as they come: a file of text with many line ends has as many runs as records. */
class RunFile {
  private text = 'file,start,shift\n';
  private any = false;
  private handle: Awaited<ReturnType<typeof open>> | undefined;

  constructor(private readonly path: string) {}

  add(line: string): void {
    this.text += line;
    this.any = true;
  }

  async flush(): Promise<void> {
    if (!this.any || this.text === '') return;
    this.handle ??= await open(this.path, 'wx');
    const text = this.text;
    this.text = '';
    await this.handle.appendFile(text);
  }

  async finish(): Promise<string | undefined> {
    await this.flush();
    return this.any ? this.path : undefined;
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }
}
