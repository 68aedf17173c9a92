import type { PostgresDestination } from '@weir/connectors';
import { toWeirError, WeirError, winnerRule, type Definition, type Destination, type Model } from '@weir/core';
import type { LoadRequest, LoadResult, Progress, TableLoad } from '@weir/rpc';
import { loadTable } from './load-table';
import type { TableDependencies } from './table-job';

/** What loading a destination takes. */
export interface LoadDependencies extends TableDependencies {
  /** The definition that the run pinned. */
  readonly definition: (pipeline: string, version: number, signal: AbortSignal) => Promise<Definition>;
  /** Throws UNKNOWN_CONNECTION for a name that is not configured. */
  readonly destinationOf: (connection: string) => PostgresDestination;
}

export interface LoadCall {
  readonly signal: AbortSignal;
  /** Takes every step of the work; sends what it likes of it. */
  readonly report: (progress: Progress) => void;
}

/**
 * Brings every table of one destination to a snapshot, a transaction a table. A table that fails does not keep the others from being loaded;
 * then the first failure is thrown, with those of the other tables among its samples.
 */
export async function loadDestination(deps: LoadDependencies, request: LoadRequest, { signal, report }: LoadCall): Promise<LoadResult> {
  const { context } = request;
  if (!context) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request has no context.' });
  const definition = await deps.definition(context.pipeline, context.definitionVersion, signal);
  const { connection, schema } = pick(definition, request.destination);
  const destination = deps.destinationOf(connection);
  const settled = await Promise.allSettled(
    tablesToLoad(definition, request).map(({ model, restates }) => {
      const job = { context, model, winner: winnerRule(model, definition.source), connection, schema, destination, snapshot: request.snapshot, restates };
      return loadTable(deps, job, signal, (step, done, total) => report({ step, done, total }));
    }),
  );
  const failures = settled.flatMap((one) => (one.status === 'rejected' ? [toWeirError(one.reason)] : []));
  if (failures.length > 0) throw summary(failures);
  return { tables: settled.flatMap((one): TableLoad[] => (one.status === 'fulfilled' ? [one.value] : [])) };
}

/** Tables of a stream's models over rows are the stream's: they are left alone, or restated. */
function tablesToLoad({ models, mode, source }: Definition, { restate }: LoadRequest): { model: Model; restates: string | undefined }[] {
  if (mode !== 'realtime' || source.type !== 'kafka') return models.map((model) => ({ model, restates: undefined }));
  return models.filter(({ scope }) => scope !== 'row' || restate).map((model) => ({ model, restates: model.scope === 'row' ? source.topic : undefined }));
}

function pick(definition: Definition, index: number): Destination {
  const destination = definition.destinations[index];
  if (destination) return destination;
  throw new WeirError({ code: 'INVALID_VALUE', message: `The pipeline ${definition.name} has ${definition.destinations.length} destinations; there is none at position ${index}.` });
}

/** The failure that decides: one that a person must see to outweighs one that passes, or retrying would hide it. */
function summary(failures: readonly WeirError[]): WeirError {
  const [first] = [...failures].sort((one, other) => rank(one) - rank(other));
  if (!first || failures.length === 1) return first ?? toWeirError(undefined);
  const { code, message, place, fix } = first;
  const samples = failures.map((failure) => `${failure.place ?? ''}: ${failure.code} ${failure.message}`);
  return new WeirError({ code, message, place, fix, samples }, { cause: first });
}

function rank(error: WeirError): number {
  return ['never', 'counted', 'transient'].indexOf(error.retry);
}
