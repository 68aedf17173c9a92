import { ageSql, checkOf, compileCheck, countingCheck, FEW_VALUES, profileSql, proposeChecks, quantilesSql, readProfile, SAMPLE_ROWS, sampleSql, settle, valuesSql, worstSharesSql, type AgeProfile, type Candidate, type Check, type CheckOutcome, type Column, type ColumnProfile, type DatasetProfile, type KnownRules, type LeftOut, type MeasureContext, type Proposal } from '@weir/core';
import type { Engine } from './engine';
import { measureChecks } from './measure-checks';
import { PARTITION_COLUMN } from './relation';

/** A dataset that checks are to be suggested for. */
export interface SuggestInput {
  /** For outcomes, such as `bronze.orders`. */
  readonly dataset: string;
  /** SQL relation of its rows, with PARTITION_COLUMN: a run judges its own grains. */
  readonly relation: string;
  readonly columns: readonly Column[];
  readonly known: KnownRules;
  /** The time column whose age in each grain is looked at, and how long a grain is. Undefined where rows belong to no grain. */
  readonly age?: { readonly column: string; readonly grainMs: number; /** Canonical end of the newest grain. */ readonly until: string } | undefined;
}

/** What a dataset holds, and the checks that this speaks for. */
export interface Suggestions {
  readonly profile: DatasetProfile;
  readonly proposals: readonly Proposal[];
  /** Checks that were thought of and that the data itself does not pass. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * Profiles a dataset and suggests checks that it passes: each is measured over the rows as a run would measure it. The same rows give the same, in whatever order they stand.
 * Throws what the engine throws.
 */
export async function suggestChecks(engine: Engine, input: SuggestInput): Promise<Suggestions> {
  const profile = await profileOf(engine, input);
  const settled = await settleAll(engine, input, profile, proposeChecks(profile, input.known));
  const proposals = settled.filter((one): one is Proposal => 'measure' in one);
  // Whatever was settled, a run has the last word.
  const outcomes = await measure(engine, input, proposals.map(checkOf));
  const failed = new Map(outcomes.flatMap(({ check, passed, actual, error }): [string, string][] => (passed ? [] : [[check, error ?? `It gives ${actual}.`]])));
  const leftOut = [...settled.filter((one): one is LeftOut => !('measure' in one)), ...proposals.flatMap(({ id, column }): LeftOut[] => (failed.has(id) ? [{ id, column, reason: failed.get(id) ?? '' }] : []))];
  return { profile, proposals: proposals.filter(({ id }) => !failed.has(id)), leftOut };
}

async function settleAll(engine: Engine, input: SuggestInput, { age }: DatasetProfile, candidates: readonly Candidate[]): Promise<(Proposal | LeftOut)[]> {
  const checks = candidates.map(countingCheck);
  const counted = await measure(engine, input, checks);
  const worst = await worstShares(engine, input, checks);
  return candidates.map((candidate, n) => settle(candidate, counted[n] as CheckOutcome, { worst: worst[`share${n}`] ?? undefined, age }));
}

async function worstShares(engine: Engine, input: SuggestInput, checks: readonly Check[]): Promise<Record<string, number | null>> {
  if (checks.length === 0) return {};
  const compiled = checks.map((check) => compileCheck(check, contextOf(input)));
  const [row = {}] = await engine.rows<Record<string, number | null>>(worstSharesSql(compiled, input.relation, PARTITION_COLUMN.name), 'profile grains');
  return row;
}

function measure(engine: Engine, input: SuggestInput, checks: readonly Check[]): Promise<CheckOutcome[]> {
  return measureChecks(engine, checks, { ...contextOf(input), dataset: input.dataset, beforeDedupe: input.relation, key: [], place: "''" });
}

function contextOf({ relation, columns, age }: SuggestInput): MeasureContext {
  return { relation, columns, until: age?.until ?? '1970-01-01T00:00:00Z', history: [], grains: 1, others: new Map() };
}

async function profileOf(engine: Engine, { relation, columns, age }: SuggestInput): Promise<DatasetProfile> {
  const [row = {}] = await engine.rows<Record<string, unknown>>(profileSql(relation, columns), 'profile');
  const { rows, columns: profiles } = readProfile(row, columns);
  // Quantiles are taken column by column: the engine holds the values of one at a time.
  await engine.run(`create or replace temp ${rows > SAMPLE_ROWS ? 'table' : 'view'} ${SAMPLE} as ${sampleSql(relation, columns, rows)}`, 'profile sample');
  const [counted] = await engine.rows<{ n: number }>(`select count(*) as n from ${SAMPLE}`, 'profile sample');
  const full: ColumnProfile[] = [];
  for (const profile of profiles) full.push({ ...profile, ...(await quantiles(engine, profile)), ...(await values(engine, relation, profile)) });
  return { rows, sampled: counted?.n ?? 0, columns: full, age: age && (await ageOf(engine, relation, age)) };
}

const SAMPLE = '_weir_profile_sample';


async function quantiles(engine: Engine, profile: ColumnProfile): Promise<Partial<ColumnProfile>> {
  const sql = quantilesSql(SAMPLE, profile);
  if (sql === undefined) return {};
  const [row] = await engine.rows<{ low: number | null; high: number | null }>(sql, 'profile quantiles');
  return { low: row?.low ?? undefined, high: row?.high ?? undefined };
}

async function values(engine: Engine, relation: string, profile: ColumnProfile): Promise<Partial<ColumnProfile>> {
  const sql = valuesSql(relation, profile);
  if (sql === undefined) return {};
  const found = await engine.rows<{ value: string }>(sql, 'profile values');
  return found.length > FEW_VALUES ? {} : { values: found.map(({ value }) => value), distinct: found.length };
}

async function ageOf(engine: Engine, relation: string, { column, grainMs }: NonNullable<SuggestInput['age']>): Promise<AgeProfile | undefined> {
  const [row] = await engine.rows<{ oldest: number | null; grains: number }>(ageSql(relation, column, PARTITION_COLUMN.name, grainMs / 1_000), 'profile age');
  return row && row.oldest !== null ? { column, oldest: row.oldest, grains: row.grains } : undefined;
}
