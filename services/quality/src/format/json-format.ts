import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { findElements, findLines, linesRelation, rewriteJson, rewriteNdjson, scanJson, scanNdjson, type JsonScan, type LineFile, type NdjsonScan } from '@weir/connectors';
import { FILE_COLUMN, type FileLayout } from '@weir/core';
import { DAMAGE } from './damage';
import type { FileFormat, FileScan, RelationCall, ScannedFile } from './file-format';
import { filesOfStatements } from './files-of-statement';

/** Files with a JSON object a line. */
export const ndjsonFormat: FileFormat<NdjsonScan> = {
  form: 'values',
  scan: scanNdjson,
  header: () => undefined,
  relations: async (files, call) => lineRelations(await lineFiles(files, call, ({ path, scan, name }) => (scan.plain ? undefined : rewriteNdjson(path, { name, signal: call.signal }))), call),
  originals: ({ path, scan }, ordinals) => findLines(path, scan, ordinals),
  damageReason: (_file, { damage }) => DAMAGE.get(damage) ?? '',
};

/** Files that are one JSON document with the records in it. */
export function jsonFormat({ records }: FileLayout): FileFormat<JsonScan> {
  return {
    form: 'values',
    scan: (path, call) => scanJson(path, { ...call, records }),
    header: () => undefined,
    relations: async (files, call) => lineRelations(await lineFiles(files, call, ({ path, name }) => rewriteJson(path, { name, records, signal: call.signal })), call),
    originals: ({ path, scan, name }, ordinals) => findElements(path, scan, ordinals, { name, records }),
    damageReason: (_file, { damage }) => DAMAGE.get(damage) ?? '',
  };
}

/** Files as the engine reads lines: as they are, or as copies of what `rewrite` gives for them. */
async function lineFiles<Scan extends FileScan>(files: readonly ScannedFile<Scan>[], { dir }: RelationCall, rewrite: (file: ScannedFile<Scan>) => AsyncIterable<Buffer> | undefined): Promise<LineFile[]> {
  const lines: LineFile[] = [];
  for (const scanned of files) {
    const { file, path } = scanned;
    const text = rewrite(scanned);
    const copy = join(dir, `lines-${file}.ndjson`);
    if (text) await pipeline(text, createWriteStream(copy, { flags: 'wx' }));
    lines.push({ file, path: text ? copy : path });
  }
  return lines;
}

function lineRelations(files: readonly LineFile[], { dataset }: RelationCall): string[] {
  if (files.length === 0) return [`(select null::VARCHAR as value, 0 as ${FILE_COLUMN} where false)`];
  return filesOfStatements(files, dataset.columns.length).map(linesRelation);
}
