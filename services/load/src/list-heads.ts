import { tableLabel, type PostgresDestination } from '@weir/connectors';
import type { Definition } from '@weir/core';
import type { ListHeadsRequest, ListHeadsResponse, TableHead } from '@weir/rpc';
import { tableSpec } from './table-spec';

/** What reading heads takes. */
export interface HeadsDependencies {
  /** The newest definition of a pipeline. */
  readonly newestDefinition: (pipeline: string, signal: AbortSignal) => Promise<Definition>;
  /** Throws UNKNOWN_CONNECTION for a name that is not configured. */
  readonly destinationOf: (connection: string) => PostgresDestination;
}

/**
 * Where the tables of a pipeline stand, in every destination of its newest definition; a table that is not there or was never loaded is left out.
 * Throws when one destination does not answer: half an answer would say that nobody needs what its tables stand at.
 */
export async function listHeads({ newestDefinition, destinationOf }: HeadsDependencies, { pipeline }: ListHeadsRequest, signal: AbortSignal): Promise<ListHeadsResponse> {
  const { destinations, models } = await newestDefinition(pipeline, signal);
  const heads = await Promise.all(
    destinations.map(async ({ connection, schema }): Promise<TableHead[]> => {
      const found = await destinationOf(connection).heads(models.map((model) => tableSpec(model, schema)), pipeline, signal);
      return found.map(({ spec, snapshot }) => ({ connection, table: tableLabel(spec), snapshot }));
    }),
  );
  return { heads: heads.flat() };
}
