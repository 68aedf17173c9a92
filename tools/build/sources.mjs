import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * A digest of everything a bundle of the project in `directory` is made of: its sources, all libs (and tools, for a tool), the
 * packages' versions and the bundler. Tests and generated output are left out. About 20 ms for the whole repository.
 */
export function digestSources(root, directory) {
  const tool = relative(root, directory).startsWith('tools');
  const folders = [join(directory, 'src'), join(root, 'tools/build'), ...children(join(root, 'libs')), ...(tool ? children(join(root, 'tools')) : [])];
  const hash = createHash('sha256');
  for (const file of [...new Set(folders.flatMap(sourcesIn)), join(directory, 'package.json'), join(root, 'package-lock.json')]) {
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function children(folder) {
  return readdirSync(folder).sort().map((name) => join(folder, name, 'src'));
}

function sourcesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs|json)$/.test(entry.name) && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
