import { readPostgres } from '@weir/connectors';
import { arrayColumns, WeirError, type Definition, type PostgresSource } from '@weir/core';
import type { Lake } from '@weir/lake';
import { withoutSpans, withSpan } from '@weir/platform';
import type { StageContext } from '@weir/rpc';
import type { ExtractCall } from './extract';
import { extractParts, partitionsIn, type ExtractedFiles } from './extract-parts';
import { connectionOf, type ConnectionDependencies } from './source-connections';

/** What extracting from a Postgres takes. */
interface PostgresDependencies extends ConnectionDependencies {
  readonly lake: Lake;
}

/**
 * Stores what COPY gives of a table: whole, or the rows of each grain of the run, all of one snapshot. An attempt that fails begins anew, on another snapshot.
 * Throws UNKNOWN_CONNECTION, INVALID_INTERVAL, SECRET_MISSING, EGRESS_DENIED, what readPostgres throws, and what the lake throws.
 */
export async function extractPostgres({ lake, egress, secretOf }: PostgresDependencies, context: StageContext, definition: Definition, source: PostgresSource, call: ExtractCall): Promise<ExtractedFiles> {
  const { name, grain, policy } = definition;
  const { password, ...settings } = connectionOf(definition, source.connection, 'postgres');
  if (grain !== undefined && !context.interval) throw new WeirError({ code: 'INVALID_INTERVAL', message: `The pipeline ${name} has the grain ${grain}; a run needs an interval.` });
  const partitions = partitionsIn(context.interval, definition);
  const connection = { ...settings, password: password && secretOf(password.secret) };
  const options = { signal: call.signal, address: (host: string, port: number) => egress.address(host, port), timeoutMs: policy.executionTimeoutMs, arrays: arrayColumns(definition) };
  return withSpan('read table', { 'db.system.name': 'postgresql', 'db.collection.name': source.table, 'server.address': settings.host, 'server.port': settings.port, 'weir.dataset': source.dataset }, (span) =>
    // A wide run asks for thousands of grains.
    withoutSpans(async () => {
      const files = await extractParts(readPostgres(source, connection, { partitions, grain }, options), { lake, context, dataset: source.dataset, partitions }, call);
      span.setAttribute('weir.files', files.segments.length);
      return files;
    }),
  );
}
