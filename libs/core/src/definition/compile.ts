import type { FindDataset } from '../contract/compile-checks';
import { compileContract, sourceOf } from '../contract/compile-contract';
import type { Contract } from '../contract/contract';
import { type ParsedContract, parseContract } from '../contract/parse-contract';
import { suggest } from '../suggest';
import type { YamlText } from '../yaml/yaml-text';
import type { AppliedPipelines } from './applied-pipelines';
import { checkWarnings } from './check-warnings';
import { compileModels } from './compile-models';
import type { ConnectionSettings } from './connection';
import type { Column, Definition, DefinitionFile, Model } from './definition';
import { findUpstream, isForeign } from './find-upstream';
import { headerProblems } from './header-problems';
import { lookbackProblems } from './lookback';
import { parseConnections } from './parse-connections';
import { type Pipeline, parsePipeline } from './parse-pipeline';
import { type Problem, sortProblems } from './problem';
import { readModels } from './read-models';
import { realtimeProblems } from './realtime-models';
import { settingWarnings } from './setting-warnings';
import type { SqlInspector } from './sql-inspector';

export const PIPELINE_FILE = 'pipeline.yaml';
export const CONTRACT_FILE = 'contract.odcs.yaml';
export const CONNECTIONS_FILE = 'connections.yaml';

/** What is wrong with a definition folder. */
export interface Uncompiled {
  readonly problems: Problem[];
  /** Its name and contract where these make sense by themselves: columns that models read may be what is wrong. */
  readonly promised?: { readonly name: string; readonly contract: Contract } | undefined;
}

/** Most files of one definition folder: bounds what apply sends and stores. */
const MAX_FILES = 1_000;

/**
 * Compiles a definition folder's texts (environment references already resolved) into one frozen Definition, or lists every problem found, in the order of the files.
 * `root` is the absolute folder that relative source paths refer to; `applied` are the pipelines whose datasets its models may read. Warnings are for people: `file: text`.
 */
export async function compileDefinition(
  files: readonly DefinitionFile[],
  root: string,
  sql: SqlInspector,
  applied: AppliedPipelines,
): Promise<{ definition: Definition; warnings: string[] } | Uncompiled> {
  if (files.length > MAX_FILES) return { problems: [{ code: 'INVALID_VALUE', message: `The folder has ${files.length} files; the most is ${MAX_FILES}.`, place: PIPELINE_FILE }] };
  const pipelineFile = files.find((file) => file.path === PIPELINE_FILE);
  const contractFile = files.find((file) => file.path === CONTRACT_FILE);
  const { connections, problems: inConnections } = parseConnections(files.find(({ path }) => path === CONNECTIONS_FILE));
  const { yaml, pipeline, problems: inPipeline }: ReturnType<typeof parsePipeline> = pipelineFile ? parsePipeline(pipelineFile, root, connections) : { problems: [missing(PIPELINE_FILE, files)] };
  const { contract: parsed, problems: inContract } = contractFile ? parseContract(contractFile, pipeline?.source.dataset) : { problems: [missing(CONTRACT_FILE, files)] };
  const { models: texts, problems: inFolder } = readModels(files, pipeline, yaml);

  const found = sourceOf(parsed, pipeline?.source.dataset);
  const source = found && { qualified: `bronze.${found.dataset.name}`, columns: found.columns.map(({ name, type }) => ({ name, type })), ...(found.dataset.order.by === 'sequence' ? { sequence: found.dataset.order.column } : {}) };
  const { models, upstream, problems: inModels, warnings } = await compileModels(texts, { source, pipeline, yaml, sql, applied });
  const problems = [...inConnections, ...inPipeline, ...inContract, ...inFolder, ...inModels, ...sourceProblems(parsed, pipeline, yaml), ...headerProblems(parsed, pipeline), ...lookbackProblems(found?.columns, pipeline, yaml), ...realtimeProblems(found?.dataset, models, pipeline, yaml)];

  const held = parsed && pipeline ? await compileContract(parsed, pipeline.source.dataset, { models, modelNames: texts.map((text) => text.name), sql, find: findDataset(pipeline, source, models, applied) }) : undefined;
  problems.push(...(held?.problems ?? []));
  if (problems.length > 0 || !pipeline || !held) return { problems: sortProblems(problems), promised: pipeline && held && found ? { name: pipeline.name, contract: held.contract } : undefined };
  const { name, description, mode, grain, stream, schedule, lookbackGrains, approval, retention, destinations, policy } = pipeline;
  const optional = { ...(grain === undefined ? {} : { grain }), ...(stream === undefined ? {} : { stream }), ...(schedule === undefined ? {} : { schedule }) };
  const definition: Definition = { name, description, mode, ...optional, lookbackGrains, approval, retention, upstream, source: pipeline.source, ...used(pipeline, connections), contract: held.contract, models, destinations, policy };
  return { definition: deepFreeze(definition), warnings: [...settingWarnings(definition).map((warning) => `${PIPELINE_FILE}: ${warning}`), ...checkWarnings(definition).map((warning) => `${CONTRACT_FILE}: ${warning}`), ...warnings] };
}

/** The connections that the source or a destination names: what others a folder has is no part of the pipeline. */
function used({ source, destinations }: Pipeline, connections: ReadonlyMap<string, ConnectionSettings>): Pick<Definition, 'connections'> {
  const named = new Set([...('connection' in source ? [source.connection] : []), ...destinations.flatMap((each) => ('connection' in each ? [each.connection] : []))]);
  const kept = [...connections].filter(([name]) => named.has(name));
  return kept.length === 0 ? {} : { connections: Object.fromEntries(kept) };
}

/** Finds datasets that checks refer to: bronze, models of this pipeline, and those of others. */
function findDataset({ name, grain }: Pipeline, source: { readonly qualified: string; readonly columns: readonly Column[] } | undefined, models: readonly Model[], applied: AppliedPipelines): FindDataset {
  const own = new Map([...(source ? [[source.qualified, source.columns] as const] : []), ...models.map((model) => [`${model.zone}.${model.name}`, model.columns] as const)]);
  return async (reference) => {
    const known = own.get(reference);
    if (known) return known;
    const datasets = [...own.keys()];
    if (!isForeign(reference)) return { code: 'UNKNOWN_DATASET', message: `There is no dataset \`${reference}\`.`, fix: suggest(reference, datasets) };
    const outcome = (await findUpstream([reference], { name, grain, datasets, applied })).get(reference);
    return outcome && !('code' in outcome) ? outcome.columns : (outcome ?? { code: 'UNKNOWN_DATASET', message: `There is no dataset \`${reference}\`.` });
  };
}

function missing(path: string, files: readonly DefinitionFile[]): Problem {
  const stem = path.split('.')[0] ?? path;
  const alike = files.find((file) => !file.path.includes('/') && file.path.startsWith(stem) && /\.ya?ml$/.test(file.path) && file.path !== PIPELINE_FILE && file.path !== CONTRACT_FILE);
  const fix = alike ? `Rename ${alike.path} to ${path}.` : undefined;
  return { code: 'MISSING_FILE', message: `The folder has no ${path}.`, place: path, ...(fix === undefined ? {} : { fix }) };
}

/** The source dataset must be in the contract: it gives the columns of the files. */
function sourceProblems(parsed: ParsedContract | undefined, pipeline: Pipeline | undefined, yaml: YamlText | undefined): Problem[] {
  if (!parsed || !pipeline || !yaml) return [];
  const names = parsed.datasets.map((dataset) => dataset.name);
  const { dataset } = pipeline.source;
  if (names.includes(dataset)) return [];
  return [{ code: 'UNKNOWN_DATASET', message: `The contract has no dataset \`${dataset}\`.`, fix: suggest(dataset, names), place: yaml.place(['source', 'dataset']) }];
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
