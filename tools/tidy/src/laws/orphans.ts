import { dirname, join, normalize } from 'node:path';
import type { TextFile } from '../repository';
import { asNode, walk, type Source } from '../source';
import type { Violation } from '../violation';

const PROJECT = /^((?:libs|services|tools)\/[^/]+)\//;
const ENTRY = /\/src\/(index|main)\.ts$|\.test\.ts$|\/bin\/[^/]+\.(mjs|cjs|js)$/;
const CODE = /\.(ts|mjs|cjs|js)$/;

/**
 * Every source file is reached from an index, a main, a test or a bin, or is named by a package.json: nothing lies about.
 * A file is reached by an import, and by a string that is a path to it, as workers, bundles and child processes are named.
 */
export function orphanFiles(sources: readonly Source[], files: readonly TextFile[]): Violation[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const manifests = files.filter(({ path }) => path.endsWith('package.json') || path.endsWith('.cjs'));
  const reached = new Set<string>();
  const queue = [...byPath.keys()].filter((path) => ENTRY.test(path) || manifests.some((manifest) => names(manifest, path)));
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const source = byPath.get(path);
    if (!source || reached.has(path)) continue;
    reached.add(path);
    queue.push(...mentionedPaths(source).filter((candidate) => byPath.has(candidate)));
  }
  return [...byPath.keys()]
    .filter((path) => PROJECT.test(path) && !reached.has(path) && !path.startsWith('libs/rpc/src/gen/'))
    .map((path) => ({ path, line: 1, message: 'Nothing reaches this file.', fix: 'Use it from an index, a main, a bin or a test, or delete it.' }));
}

/** Whether a package.json or configuration file names a code file by a path relative to its own folder or the root. */
function names(manifest: TextFile, path: string): boolean {
  const folder = dirname(manifest.path);
  const relative = folder === '.' ? path : path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : undefined;
  return manifest.text.includes(path) || (relative !== undefined && manifest.text.includes(relative));
}

function mentionedPaths(source: Source): string[] {
  const project = PROJECT.exec(source.path)?.[1] ?? '.';
  const found = new Set<string>();
  walk(source.tree, (node) => {
    const text = node.type === 'StringLiteral' ? node['value'] : asNode(node)?.type === 'TemplateElement' ? node['cooked'] : undefined;
    if (typeof text !== 'string' || text.length > 200 || /[\s\0]/.test(text)) return;
    for (const base of [dirname(source.path), project, join(project, 'src'), '.']) for (const candidate of candidates(join(base, text))) found.add(candidate);
  });
  return [...found];
}

function candidates(path: string): string[] {
  const clean = normalize(path);
  if (CODE.test(clean)) return [clean, clean.replace(/\.js$/, '.ts')];
  return [`${clean}.ts`, `${clean}/index.ts`, `${clean}.mjs`, `${clean}.cjs`];
}
