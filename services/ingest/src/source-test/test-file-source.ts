import { sliceSource } from '@weir/connectors';
import { isReadInSequence, isWeirError, toWeirError, WeirError, type FileSource } from '@weir/core';
import type { SourceFinding } from '@weir/rpc';
import { columnFindings } from './column-findings';
import { faulty } from './finding';
import { anyDate, foundFinding } from './found-files';
import { columnsOfFile, type LookedAt } from './seen-columns';
import type { TestedSource } from './tested-source';

/** Which files there are, and how the first one begins. */
export async function testFileSource(source: FileSource, { definition, dataset, interval: asked, engine, scratch, signal }: TestedSource): Promise<SourceFinding[]> {
  // What is new is of no interval before a run takes it.
  const interval = isReadInSequence(source) ? undefined : asked;
  const slice = await sliceSource({ path: interval ? source.path : anyDate(source.path), empty: 'allow' }, interval, definition.grain);
  const { files, partitions } = slice;
  const full = new Set(files.map(({ partition }) => partition));
  const found = { noun: 'file', names: files.map(({ name }) => name), count: files.length, bytes: undefined, more: false, empty: partitions.filter((partition) => !full.has(partition)), grains: partitions.length, place: source.path };
  const findings = [foundFinding(found, source, interval, definition)];
  const [first] = files;
  return first ? [...findings, ...(await beginningFindings(source, dataset, { path: first.path, name: first.name, cut: false, engine, scratch, signal }))] : findings;
}

/** How the columns of a file fit; or why its beginning cannot be read. */
export async function beginningFindings({ layout }: Pick<FileSource, 'layout'>, dataset: TestedSource['dataset'], file: LookedAt): Promise<SourceFinding[]> {
  try {
    const seen = await columnsOfFile(layout, file);
    return seen ? columnFindings(dataset, seen) : [];
  } catch (error) {
    if (file.signal.aborted) throw error;
    return [faulty('columns', isWeirError(error) ? toWeirError(error) : new WeirError({ code: 'SOURCE_UNREADABLE', message: `${file.name} cannot be read.`, place: file.path }, { cause: error }))];
  }
}
