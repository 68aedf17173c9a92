import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The repository's root folder, found from this file's place in it. */
export const ROOT = resolve(__dirname, '../../..');

const IGNORED_FOLDERS = new Set(['node_modules', 'dist', '.git', '.nx', '.weir']);
const TEXT = /\.(ts|mjs|cjs|js|json|md|yaml|yml|sql|proto|sh|go|mod)$|(^|\/)(\.ci\/[^/]+|Dockerfile|LICENSE|\.npmrc|\.gitignore|\.oxlintrc\.json)$/;

/** One text file of the repository: its path with forward slashes below the root, and its text. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** All text files below a root that belong to the repository, sorted by path. What git ignores is left out by name, so it works without git too. */
export function textFiles(root: string): TextFile[] {
  return paths(root, '')
    .filter((path) => TEXT.test(path) && !path.endsWith('test-results.json'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** Whether a file was written by a generator or a package manager: the laws of style do not bind it. */
export function isGenerated(path: string): boolean {
  return path.startsWith('libs/rpc/src/gen/') || path === 'package-lock.json' || path.endsWith('go.sum') || path.endsWith('.schema.json');
}

function paths(root: string, below: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!IGNORED_FOLDERS.has(entry.name)) found.push(...paths(root, path));
    } else if (entry.isFile()) {
      found.push(path);
    }
  }
  return found;
}
