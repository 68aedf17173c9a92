import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CONTRACT_FILE, type DefinitionFile, insertQuality, isKnown, type KnownRules, type LongerContract, parseContract, PIPELINE_FILE, problemsError, type Proposal, resolveEnvironment, WeirError } from '@weir/core';
import { parseDocument } from 'yaml';
import { below } from '../definition/check-folder';

/** The contract in a pipeline's folder, which may be ahead of the applied one. */
export interface FolderContract {
  /** Its path begins with the folder as it was given. */
  readonly file: DefinitionFile;
  readonly known: KnownRules;
  /** Of its source. */
  readonly source: string;
}

/** The dataset of a pipeline that is asked about. */
export interface Asked {
  readonly pipeline: string;
  /** Unqualified. */
  readonly dataset: string;
  /** The dataset of the pipeline's source. */
  readonly source: string;
}

/** Reads the contract of a folder and what it says of a dataset. Throws MISSING_FILE, INVALID_VALUE where the folder is another pipeline's, and what is wrong with the contract. */
export async function readContract(folder: string, { pipeline, dataset, source }: Asked): Promise<FolderContract> {
  await assertOf(folder, pipeline);
  const file = { path: join(folder, CONTRACT_FILE), text: await read(folder, CONTRACT_FILE) };
  const { contract, problems } = parsed(file.text, source);
  if (!contract || problems.length > 0) throw problemsError(problems.map((problem) => below(folder, problem)));
  const stated = contract.datasets.find(({ name }) => name === dataset);
  const columns = stated?.columns ?? [];
  // What a contract says of the columns of a model binds nobody but its checks.
  const required = dataset === source ? columns.filter((column) => column.required).map(({ name }) => name) : [];
  const key = dataset === source ? columns.filter(({ keyPosition }) => keyPosition !== undefined).map(({ name }) => name) : [];
  return { file, source, known: { required, key, checks: stated?.checks.map(({ check }) => check) ?? [], rules: stated?.rules.map(({ rule }) => rule) ?? [] } };
}

/** The proposals that a contract does not say yet. */
export function notStated({ known }: FolderContract, proposals: readonly Proposal[]): Proposal[] {
  return proposals.filter(({ measure, column }) => !isKnown(known, measure.kind, column));
}

/** The contract with proposals in it, as a person would apply it. Throws NOT_POSSIBLE as insertQuality does. */
export function withProposals({ file, source }: FolderContract, dataset: string, proposals: readonly Proposal[]): LongerContract {
  const longer = insertQuality(file, dataset, proposals);
  const { problems } = parsed(longer.text, source);
  if (problems.length > 0) throw new WeirError({ code: 'INTERNAL', place: file.path, message: `The contract would not be right with the rules that were suggested: ${problems[0]?.message ?? ''}` });
  return longer;
}

function parsed(text: string, source: string): ReturnType<typeof parseContract> {
  const resolved = resolveEnvironment([{ path: CONTRACT_FILE, text }], process.env);
  if ('problems' in resolved) return resolved;
  return parseContract(resolved.files[0] ?? { path: CONTRACT_FILE, text }, source);
}

async function assertOf(folder: string, pipeline: string): Promise<void> {
  const name = nameOf(await read(folder, PIPELINE_FILE));
  if (name === pipeline) return;
  const message = name === undefined ? 'The file does not say which pipeline it is.' : `The folder is of the pipeline \`${name}\`, and the rows are of \`${pipeline}\`.`;
  throw new WeirError({ code: 'INVALID_VALUE', place: join(folder, PIPELINE_FILE), message, fix: `Name the folder of ${pipeline}.` });
}

/** What is wrong with the rest of the file, `weir check` says. */
function nameOf(text: string): string | undefined {
  const name: unknown = parseDocument(text).get('name');
  return typeof name === 'string' ? name : undefined;
}

async function read(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch (error) {
    throw new WeirError({ code: 'MISSING_FILE', place: join(folder, name), message: `${name} cannot be read in ${folder}.`, fix: 'Name the folder of the pipeline.' }, { cause: error });
  }
}
