import type { Definition, Schedule, StreamSettings } from './definition';
import { destinationName } from './parse-destinations';
import type { Source } from './source';

/** A definition for people and for `--json`: what it reads, makes and where it goes. */
export interface DefinitionSummary {
  readonly pipeline: string;
  readonly description: string;
  /** null for pipelines without intervals. */
  readonly grain: string | null;
  readonly mode: string;
  /** null for pipelines that only people start. */
  readonly schedule: Schedule | null;
  /** null for pipelines that are not of mode realtime. */
  readonly stream: StreamSettings | null;
  /** `path` says where the rows come from: the path of files, or a connection and what of it is read. */
  readonly source: { readonly dataset: string; readonly path: string };
  readonly datasets: readonly { readonly name: string; readonly columns: readonly string[]; readonly rules: number; readonly checks: number }[];
  readonly models: readonly {
    readonly name: string;
    readonly over: string;
    readonly inputs: readonly string[];
    readonly key: readonly string[];
    readonly writeMode: string;
    readonly columns: readonly string[];
  }[];
  readonly destinations: readonly string[];
}

/** Where rows come from, for people. */
export function describeSource(source: Source): string {
  switch (source.type) {
    case 'file':
      return source.path;
    case 's3':
      return `${source.connection}:${source.bucket}/${source.path}`;
    case 'api':
      return `${source.connection}:${source.path}`;
    case 'postgres':
      return `${source.connection}:${source.table}`;
    case 'kafka':
      return `${source.connection}:${source.topic}`;
  }
}

/** The summary of a compiled definition; columns read `name TYPE`. */
export function describeDefinition(definition: Definition): DefinitionSummary {
  const typed = (column: { name: string; type: string }) => `${column.name} ${column.type}`;
  return {
    pipeline: definition.name,
    description: definition.description,
    grain: definition.grain ?? null,
    mode: definition.mode,
    schedule: definition.schedule ?? null,
    stream: definition.stream ?? null,
    source: { dataset: definition.source.dataset, path: describeSource(definition.source) },
    datasets: definition.contract.datasets.map((dataset) => ({ name: dataset.name, columns: dataset.columns.map(typed), rules: dataset.rules.length, checks: dataset.checks.length })),
    models: definition.models.map((model) => ({
      name: `${model.zone}.${model.name}`,
      over: model.scope,
      inputs: model.inputs,
      key: model.key,
      writeMode: model.writeMode,
      columns: model.columns.map(typed),
    })),
    destinations: definition.destinations.map(destinationName),
  };
}
