import type { PostgresDestination } from '@weir/connectors';
import { WeirError, winnerRule, type Definition, type Destination, type Model } from '@weir/core';
import type { LoadRequest, LoadResult, Progress } from '@weir/rpc';
import { withExport, type OpenExport } from './exports';
import { allOf } from './failures';
import { loadExport } from './load-export';
import { loadTables } from './load-tables';
import { restateTable } from './restate-table';
import { mostRefused } from './most-refused';
import type { LoadedModel, ReportTable } from './table-job';
import type { TellDependencies } from './tell-refused';

/** What loading a destination takes. */
export interface LoadDependencies extends TellDependencies {
  /** The definition that the run pinned. */
  readonly definition: (pipeline: string, version: number, signal: AbortSignal) => Promise<Definition>;
  /** Throws UNKNOWN_CONNECTION for a name that is not configured. */
  readonly destinationOf: (connection: string) => PostgresDestination;
  readonly openExport: OpenExport;
}

export interface LoadCall {
  readonly signal: AbortSignal;
  /** Takes every step of the work; sends what it likes of it. */
  readonly report: (progress: Progress) => void;
}

/**
 * Brings the tables of one destination to a snapshot, in one transaction or by one swap of an export's pointer: all of them or none. In Postgres, tables that a stream writes are never at a snapshot; of each of them the records
 * of the run are restated in a transaction of its own, for which the stream waits, and one that fails does not keep the others from it. Throws the failure that decides, with the others among its samples.
 */
export async function loadDestination(deps: LoadDependencies, request: LoadRequest, { signal, report }: LoadCall): Promise<LoadResult> {
  const { context } = request;
  if (!context) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request has no context.' });
  const definition = await deps.definition(context.pipeline, context.definitionVersion, signal);
  const target = pick(definition, request.destination);
  const loaded = (model: Model): LoadedModel => ({ model, winner: winnerRule(model, definition.source) });
  const reportTable: ReportTable = (step, done, total) => report({ step, done, total });
  if (target.type !== 'postgres') return withExport(deps, target, definition, signal, async (destination) => ({ tables: await loadExport(deps, { context, definition, target, destination, snapshot: request.snapshot, models: definition.models.map(loaded) }, signal, reportTable) }));
  const { connection, schema } = target;
  const job = { context, connection, schema, destination: deps.destinationOf(connection), snapshot: request.snapshot, contractVersion: definition.contract.version, mostRefused: mostRefused(definition.policy) };
  const { topic, ofStream, ofSnapshots } = tablesOf(definition);
  const restated = request.restate && topic !== undefined ? ofStream.map(async (model) => [await restateTable(deps, { ...job, ...loaded(model) }, topic, signal, reportTable)]) : [];
  const tables = await allOf([...restated, loadTables(deps, job, ofSnapshots.map(loaded), signal, reportTable)]);
  return { tables: tables.flat() };
}

/** Tables of a stream's models over rows are the stream's; the others hold snapshots. */
function tablesOf({ models, mode, source }: Definition): { topic: string | undefined; ofStream: Model[]; ofSnapshots: Model[] } {
  const topic = mode === 'realtime' && source.type === 'kafka' ? source.topic : undefined;
  const isOfStream = ({ scope }: Model): boolean => topic !== undefined && scope === 'row';
  return { topic, ofStream: models.filter(isOfStream), ofSnapshots: models.filter((model) => !isOfStream(model)) };
}

function pick(definition: Definition, index: number): Destination {
  const destination = definition.destinations[index];
  if (destination) return destination;
  throw new WeirError({ code: 'INVALID_VALUE', message: `The pipeline ${definition.name} has ${definition.destinations.length} destinations; there is none at position ${index}.` });
}
