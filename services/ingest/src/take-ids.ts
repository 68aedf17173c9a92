import { IdReader, type IdBounds } from '@weir/connectors';
import { arrayColumns, grainFrom, type Definition, type PostgresSource, type Take } from '@weir/core';
import type { Lake, Segment } from '@weir/lake';
import { withoutSpans, withSpan } from '@weir/platform';
import type { StageContext } from '@weir/rpc';
import type { ExtractCall } from './extract';
import { extractParts, type ExtractedFiles } from './extract-parts';
import type { Metadata } from './metadata';
import { connectionOf, type ConnectionDependencies } from './source-connections';
import { standingOf, type Standing } from './take-standing';

/** What taking rows by their ids takes. */
interface IdDependencies extends ConnectionDependencies, Pick<Metadata, 'takes'> {
  readonly lake: Lake;
}

/**
 * Rows of the intervals of a run by their ids: of an interval that took something the same range again, and, for the last of those that did not, what is new. All of one snapshot.
 * Throws UNKNOWN_CONNECTION, INVALID_INTERVAL, SECRET_MISSING, EGRESS_DENIED, POSITION_LOST, what IdReader throws, and what the lake throws.
 */
export async function takeIds(deps: IdDependencies, context: StageContext, definition: Definition, { source, bounds }: { readonly source: PostgresSource; readonly bounds: IdBounds }, call: ExtractCall): Promise<ExtractedFiles> {
  const { password, ...settings } = connectionOf(definition, source.connection, 'postgres');
  const { egress, secretOf } = deps;
  const name = `${source.table}.${source.cursor}`;
  const standing = await standingOf(deps, context, definition, name, call.signal);
  const connection = { ...settings, password: password && secretOf(password.secret) };
  const options = { signal: call.signal, address: (host: string, port: number) => egress.address(host, port), timeoutMs: definition.policy.executionTimeoutMs, arrays: arrayColumns(definition), bounds };
  return withSpan('read table', { 'db.system.name': 'postgresql', 'db.collection.name': source.table, 'server.address': settings.host, 'server.port': settings.port, 'weir.dataset': source.dataset }, (span) =>
    withoutSpans(async () => {
      call.report({ step: 'wait for writers', done: 0, total: 0 });
      const reader = await IdReader.open(source, connection, standing.untaken.length > 0 ? (standing.position?.to ?? '') : undefined, options);
      try {
        const files = await readRanges(deps.lake, context, { reader, standing, name, dataset: source.dataset }, call);
        span.setAttribute('weir.files', files.segments.length);
        return files;
      } finally {
        await reader.close();
      }
    }),
  );
}

interface Reading {
  readonly reader: IdReader;
  readonly standing: Standing;
  /** What is counted. */
  readonly name: string;
  readonly dataset: string;
}

async function readRanges(lake: Lake, context: StageContext, { reader, standing, name, dataset }: Reading, call: ExtractCall): Promise<ExtractedFiles> {
  const { partitions, untaken, takes } = standing;
  const segments: Segment[] = [];
  const read = async (take: Take): Promise<void> => {
    segments.push(...(await extractParts(reader.parts(take, take.partition), { lake, context, dataset, partitions }, call)).segments);
  };
  for (const take of takes.filter(({ partition }) => !untaken.includes(partition))) await read(take);
  const last = takes.at(-1);
  if (untaken.length === 0) return { partitions, segments, take: last && { ...last, more: false } };
  const made = await takesOf(reader, standing, name);
  for (const take of made) await read(take);
  return { partitions, segments, taking: { last: standing.last?.partition ?? '', takes: made, stamps: [] }, take: made.at(-1) };
}

async function takesOf(reader: IdReader, { untaken, grain, position }: Standing, source: string): Promise<Take[]> {
  const from = position?.to ?? '';
  const { range, more } = await reader.newIds(from);
  return untaken.map((partition, at): Take => {
    const take = { partition, end: grainFrom(partition, grain).end, source, from, to: from, newest: '', left: 0, more: false };
    return at === untaken.length - 1 ? { ...take, to: range.to, more } : take;
  });
}
