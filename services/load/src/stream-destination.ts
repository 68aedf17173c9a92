import type { PostgresDestination } from '@weir/connectors';
import { WeirError, type Definition } from '@weir/core';
import type { StreamContext } from '@weir/rpc';
import type { Quarantine } from './quarantine';
import { tableSpec } from './table-spec';
import { tellPlaced } from './tell-refused';

/** What the calls of a stream take. */
export interface StreamDependencies {
  /** The definition that the stream runs. */
  readonly definition: (pipeline: string, version: number, signal: AbortSignal) => Promise<Definition>;
  /** Throws UNKNOWN_CONNECTION for a name that is not configured. */
  readonly destinationOf: (connection: string) => PostgresDestination;
  readonly quarantine: Quarantine;
}

/** A stream and where it is delivered. */
export interface StreamDestination {
  readonly context: StreamContext;
  readonly definition: Definition;
  readonly connection: string;
  /** Of its tables. */
  readonly schema: string;
  readonly destination: PostgresDestination;
}

/**
 * The primary destination of a stream, which holds its positions: the first one of its definition. Throws INVALID_VALUE for a request without a context,
 * a pipeline without a stream and another topic than the definition's.
 */
export async function streamDestination(deps: StreamDependencies, request: { readonly context: StreamContext | undefined; readonly topic: string }, signal: AbortSignal): Promise<StreamDestination> {
  const { context, topic } = request;
  if (!context) throw invalid('The request has no context.');
  const definition = await deps.definition(context.pipeline, context.definitionVersion, signal);
  const { source, name } = definition;
  if (source.type !== 'kafka') throw invalid(`The pipeline ${name} reads ${source.type} and no topic.`);
  if (topic !== source.topic) throw invalid(`The pipeline ${name} reads the topic ${source.topic}, not ${topic}.`);
  const [primary] = definition.destinations;
  if (primary?.type !== 'postgres') throw invalid(`The first destination of the pipeline ${name} is not in Postgres.`);
  return { context, definition, connection: primary.connection, schema: primary.schema, destination: deps.destinationOf(primary.connection) };
}

/** Tells the quarantine what the stream's tables have noted of rows. */
export async function tellOfStream({ quarantine }: StreamDependencies, { context, definition, connection, schema, destination }: StreamDestination, signal: AbortSignal): Promise<void> {
  const models = definition.models.filter(({ scope }) => scope === 'row').map((model) => ({ model, spec: tableSpec(model, schema) }));
  await tellPlaced(quarantine, { destination, connection, pipeline: context.pipeline, contractVersion: definition.contract.version }, models, signal);
}

function invalid(message: string): WeirError {
  return new WeirError({ code: 'INVALID_VALUE', message });
}
