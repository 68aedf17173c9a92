import { tableLabel, type PostgresDestination } from '@weir/connectors';
import { destinationName, type Definition, type Export, type PostgresTables } from '@weir/core';
import type { ListHeadsRequest, ListHeadsResponse, TableHead } from '@weir/rpc';
import { withExport, type OpenExport } from './exports';
import { tableSpec } from './table-spec';

/** What reading heads takes. */
export interface HeadsDependencies {
  /** The newest definition of a pipeline. */
  readonly newestDefinition: (pipeline: string, signal: AbortSignal) => Promise<Definition>;
  /** Throws UNKNOWN_CONNECTION for a name that is not configured. */
  readonly destinationOf: (connection: string) => PostgresDestination;
  readonly openExport: OpenExport;
}

/**
 * Where the tables of a pipeline stand, in every destination of its newest definition; a table that is not there or was never loaded is left out.
 * Throws when one destination does not answer: half an answer would say that nobody needs what its tables stand at.
 */
export async function listHeads(deps: HeadsDependencies, { pipeline }: ListHeadsRequest, signal: AbortSignal): Promise<ListHeadsResponse> {
  const definition = await deps.newestDefinition(pipeline, signal);
  const heads = await Promise.all(definition.destinations.map((destination) => (destination.type === 'postgres' ? tableHeads(deps, definition, destination, signal) : exportHeads(deps, definition, destination, signal))));
  return { heads: heads.flat() };
}

async function tableHeads({ destinationOf }: HeadsDependencies, { models, name }: Definition, { connection, schema }: PostgresTables, signal: AbortSignal): Promise<TableHead[]> {
  const found = await destinationOf(connection).heads(models.map((model) => tableSpec(model, schema)), name, signal);
  return found.map(({ spec, snapshot }) => ({ connection, table: tableLabel(spec), snapshot }));
}

/** All tables of an export are at one snapshot. */
async function exportHeads(deps: HeadsDependencies, definition: Definition, target: Export, signal: AbortSignal): Promise<TableHead[]> {
  const { manifest } = await withExport(deps, target, definition, signal, (destination) => destination.standing(definition.name));
  const name = destinationName(target);
  return (manifest?.tables ?? []).map((table) => ({ connection: name, table: `${name}/${table.name}`, snapshot: manifest?.snapshot ?? 0 }));
}
