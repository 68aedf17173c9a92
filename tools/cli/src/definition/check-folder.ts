import { join, normalize, resolve } from 'node:path';
import { type AppliedPipelines, type Definition, type DefinitionFile, type EnvironmentValue, type Problem, WeirError, compileDefinition, formatError, resolveEnvironment } from '@weir/core';
import { colour, printJson } from '../output';
import { platformPipelines } from './platform-pipelines';
import { readDefinitionFolder } from './read-folder';

/** A definition folder that compiles. */
export interface CheckedFolder {
  readonly definition: Definition;
  readonly warnings: readonly string[];
  /** The texts with environment references resolved, as apply sends them. */
  readonly files: readonly DefinitionFile[];
  /** Absolute folder that relative source paths refer to. */
  readonly root: string;
  /** What `${env:…}` references resolved to. */
  readonly used: readonly EnvironmentValue[];
}

/** A definition folder that does not compile. */
export interface RefusedFolder {
  readonly problems: readonly Problem[];
  /** Its texts where the contract makes sense by itself: what models lack may be what it does not promise any more. */
  readonly promised?: Pick<CheckedFolder, 'files' | 'root'> | undefined;
}

/** Reads and compiles a definition folder; a service is asked only where a model reads another pipeline. Places of problems begin with the folder as it was given, so that terminals link them. */
export async function checkFolder(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  pipelines: AppliedPipelines & { close(): void } = platformPipelines(),
): Promise<CheckedFolder | RefusedFolder> {
  const resolved = resolveEnvironment(await readDefinitionFolder(folder), env);
  if ('problems' in resolved) return { problems: resolved.problems.map((problem) => below(folder, problem)) };
  const root = resolve(folder);
  // Loading the engine takes longer than all other commands need to answer, so only those that check load it.
  const { inspector } = await import('@weir/engine');
  const compiled = await compileDefinition(resolved.files, root, inspector, pipelines).finally(() => pipelines.close());
  if ('problems' in compiled) return { problems: compiled.problems.map((problem) => below(folder, problem)), promised: compiled.promised && { files: resolved.files, root } };
  return { ...compiled, files: resolved.files, root, used: resolved.used };
}

/** Prints problems as the design has them: to stderr with a count at the end, or as {"problems": […]} to stdout. */
export function printProblems(problems: readonly Problem[], json: boolean): void {
  if (json) {
    printJson({ problems: problemsJson(problems) });
    return;
  }
  const texts = problems.map((problem) => formatError(problem).replace(problem.code, colour.bad(problem.code)));
  process.stderr.write(`${texts.join('\n\n')}\n`);
  if (problems.length > 1) process.stderr.write(`\n${problems.length} problems\n`);
}

/** Problems as `--json` has them. */
export function problemsJson(problems: readonly Problem[]): unknown[] {
  return problems.map(({ code, place, message, fix, samples }) => ({ code, place, message, fix, samples }));
}

/** A problem whose place begins with the folder as it was given. */
export function below<T extends { readonly place: string }>(folder: string, problem: T): T {
  return { ...problem, place: join(normalize(folder), problem.place) };
}

/** A service's error at a place below a folder: it knows files below the folder; terminals link those below the folder as it was given. */
export function errorBelow(folder: string, error: WeirError, place: string): WeirError {
  const { code, message, samples, fix, stage } = error;
  return new WeirError(below(folder, { code, message, samples, fix, place, stage }), { cause: error });
}
