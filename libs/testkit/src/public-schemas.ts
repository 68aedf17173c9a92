import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTRACT_FILE, PIPELINE_FILE, type DefinitionFile } from '@weir/core';

const HOME = join(__dirname, '..', 'public-schemas');

/** Schemas that many teams use, as folders that `weir apply` takes; the README beside them says where their facts are from. */
export const PUBLIC_SCHEMAS = ['cloudevents', 'gtfs_stop_times', 'gtfs_stops', 'taxi_trips'] as const;

export type PublicSchema = (typeof PUBLIC_SCHEMAS)[number];

/** What the quality stage says of a data file under one contract, as it was written down by hand, from the schema and the data. */
export interface ExpectedOutcome {
  readonly accounts: { readonly read: number; readonly admitted: number; readonly duplicate: number; readonly quarantined: number };
  /** By line of a file, or offset of a record: all rules that it breaks. */
  readonly quarantined: Readonly<Record<string, readonly string[]>>;
  /** By rule that only warns: admitted rows that break it. */
  readonly remarks: Readonly<Record<string, number>>;
  /** By check: whether it passes, and its number. */
  readonly checks: Readonly<Record<string, readonly [passed: boolean, value: number]>>;
}

/** The texts of a schema's folder with its newest contract, or with an earlier one: `version` is that of the contract. */
export function publicDefinition(schema: PublicSchema, version?: string): DefinitionFile[] {
  const models = readdirSync(join(HOME, schema, 'models', 'silver')).map((name) => text(schema, `models/silver/${name}`));
  const contract = version === undefined ? text(schema, CONTRACT_FILE) : { ...text(schema, `earlier/${version}.odcs.yaml`), path: CONTRACT_FILE };
  return [text(schema, PIPELINE_FILE), contract, ...models];
}

/** All contracts that a schema has had, oldest first: the last one is its newest. */
export function publicContracts(schema: PublicSchema): DefinitionFile[] {
  const earlier = readdirSync(join(HOME, schema, 'earlier')).sort();
  return [...earlier.map((name) => text(schema, `earlier/${name}`)), text(schema, CONTRACT_FILE)];
}

/** The bytes of a data file of a schema. */
export function publicData(schema: PublicSchema, file: string): Buffer {
  return readFileSync(join(HOME, schema, 'data', file));
}

/** What is expected of data files: by file, and by the version of the contract that they are held against. */
export function expectedOutcomes(schema: PublicSchema): Readonly<Record<string, Readonly<Record<string, ExpectedOutcome>>>> {
  return JSON.parse(readFileSync(join(HOME, schema, 'expected.json'), 'utf8')) as Record<string, Record<string, ExpectedOutcome>>;
}

function text(schema: PublicSchema, path: string): DefinitionFile {
  return { path, text: readFileSync(join(HOME, schema, path), 'utf8') };
}
