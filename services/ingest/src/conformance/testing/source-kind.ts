import type { ConnectionSettings, Definition, WeirError } from '@weir/core';
import type { TransferFault, TransferProxy } from '@weir/testkit';
import type { ExtractDependencies } from '../../extract';
import type { Row } from './row';

/** What of a definition says where rows come from, and what the service knows and allows. */
export interface Reading extends Pick<Definition, 'source'> {
  readonly connections: NonNullable<Definition['connections']>;
  /** By name, as the service has them. */
  readonly secrets: Readonly<Record<string, string>>;
  /** WEIR_EGRESS_ALLOW. */
  readonly allowed: readonly string[];
}

/** A reading whose source, of type `S`, says something else. */
export function changedSource<S extends Definition['source']>(change: Partial<S>): Mistake['change'] {
  return (reading) => ({ ...reading, source: { ...reading.source, ...change } });
}

/** A reading whose connection, of type `C`, says something else. */
export function changedConnection<C extends ConnectionSettings>(change: Partial<C>): Mistake['change'] {
  return (reading) => ({ ...reading, connections: Object.fromEntries(Object.entries(reading.connections).map(([name, settings]) => [name, { ...settings, ...change } as C])) });
}

/** A way to get a definition or its surroundings wrong, and what a run says of it. */
export interface Mistake {
  readonly what: string;
  readonly change: (reading: Reading) => Reading;
  /** `place` and `fix` are those of the error, or parts of them. */
  readonly error: Pick<WeirError, 'code'> & { readonly place: string | RegExp; readonly fix: string | RegExp };
}

/** A system of the tests' servers with a place of its own in it. */
export interface OpenSource {
  readonly reading: Reading;
  /** Of extract, what the source needs besides. */
  readonly dependencies?: Partial<ExtractDependencies>;
  /** What answers come through; local files have none. */
  readonly proxy?: TransferProxy;
  /** Adds the rows of whole days. */
  put(rows: readonly Row[]): Promise<void>;
  /** The rows of a raw file, in their order. */
  rowsIn(path: string): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** One line of the suite's table. */
export interface SourceKind {
  readonly name: string;
  /** What an interval of it has. */
  readonly addressed: 'by interval' | 'in sequence' | 'whole';
  /** What a transfer that goes wrong in its middle comes to: extracting goes on by itself, or ends with UNAVAILABLE and is tried again. Faults that it cannot notice, or that it cannot have, are not here. */
  readonly spoilt: Readonly<Partial<Record<TransferFault, 'goes on' | 'is tried again'>>>;
  readonly mistakes: readonly Mistake[];
  open(): Promise<OpenSource>;
}
