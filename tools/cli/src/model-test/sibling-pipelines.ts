import { readFile, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type AppliedPipelines, type Definition, PIPELINE_FILE, type SqlInspector, compileDefinition, resolveEnvironment } from '@weir/core';
import { platformPipelines } from '../definition/platform-pipelines';
import { readDefinitionFolder } from '../definition/read-folder';

/** Most folders beside a pipeline's that are looked into. */
const MAX_FOLDERS = 500;

/**
 * The pipelines whose folders lie beside a pipeline's, as their files have them, so that tests need no platform and say the same everywhere; those that lie elsewhere are asked
 * of the platform. Close it afterwards.
 */
export function siblingPipelines(folder: string, inspector: SqlInspector, platform = platformPipelines()): AppliedPipelines & { close(): void } {
  const folders = siblingFolders(resolve(folder));
  const compiled = new Map<string, Definition | undefined>();
  const pipelines: AppliedPipelines & { close(): void } = {
    async newest(pipeline) {
      const sibling = (await folders).get(pipeline);
      if (sibling === undefined) return platform.newest(pipeline);
      if (compiled.has(pipeline)) return compiled.get(pipeline);
      // While a folder is compiled it is not there for those that it reads: a circle ends as an unknown dataset.
      compiled.set(pipeline, undefined);
      const definition = await compileSibling(sibling, inspector, pipelines);
      compiled.set(pipeline, definition);
      return definition;
    },
    names: async () => [...(await folders).keys()],
    close: () => platform.close(),
  };
  return pipelines;
}

/** Folders by the name of their pipeline. */
async function siblingFolders(folder: string): Promise<ReadonlyMap<string, string>> {
  const parent = dirname(folder);
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  const found = new Map<string, string>();
  for (const entry of entries.filter((one) => one.isDirectory()).slice(0, MAX_FOLDERS)) {
    const path = join(parent, entry.name);
    const text = path === folder ? '' : await readFile(join(path, PIPELINE_FILE), 'utf8').catch(() => '');
    const name = /^name:\s*([a-z][a-z0-9_]*)\s*(?:#.*)?$/m.exec(text)?.[1];
    if (name !== undefined) found.set(name, path);
  }
  return found;
}

/** Undefined for a folder that does not compile: `weir check` says there what is wrong with it. */
async function compileSibling(folder: string, inspector: SqlInspector, pipelines: AppliedPipelines): Promise<Definition | undefined> {
  const resolved = resolveEnvironment(await readDefinitionFolder(folder), process.env);
  if ('problems' in resolved) return undefined;
  const compiled = await compileDefinition(resolved.files, folder, inspector, pipelines);
  return 'definition' in compiled ? compiled.definition : undefined;
}
