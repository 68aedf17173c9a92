// What stands before the first line of our own code on a fresh clone: npm packages, then a bundle of the tool asked for.
// Plain Node without dependencies, because nothing may be installed yet.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MINIMUM_NODE = [20, 19];

/** Installs what is missing, bundles `project` (such as 'tools/cli') when its sources changed, and runs it in this process. */
export async function launch(project) {
  requireNode();
  await ensureInstalled();
  const { bundle } = await import(pathToFileURL(join(ROOT, 'tools/build/bundle.mjs')).href);
  await bundle(join(ROOT, project));
  await import(pathToFileURL(join(ROOT, project, 'dist/main.js')).href);
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1])) return;
  process.stderr.write(`SERVER_FAILED  node\n  This is Node ${process.versions.node}.\n  Fix: install Node ${MINIMUM_NODE.join('.')} or newer.\n`);
  process.exit(3);
}

/**
 * Installs on a clone without packages, and when the lock file has moved on since. Not by `npm ci`, which refuses a lock file
 * without the optional packages of every other platform, and registries that serve one platform leave them out.
 */
async function ensureInstalled() {
  if (isInstalled()) return;
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  const say = (text) => process.stderr.write(`  packages   ${text}\n`);
  say('installing npm packages, once, about a minute');
  const beat = setInterval(() => say(`still installing (${seconds()})`), 10_000);
  const code = await npmInstall();
  clearInterval(beat);
  if (code !== 0) {
    process.stderr.write('SERVER_FAILED  packages\n  npm could not install the packages; its reason stands above.\n  Fix: check the network and the npm registry in use, then start again.\n');
    process.exit(3);
  }
  say(`installed (${seconds()})`);
}

function npmInstall() {
  // Packages get no say at install time: none of those in the lock file needs its scripts. The lock file is read, never written.
  const child = spawn('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise((resolve) => {
    child.on('error', () => resolve(1));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** Whether every package of the lock file is there in its version; optional ones depend on the platform. */
function isInstalled() {
  const record = join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const present = packagesOf(record);
  return Object.entries(packagesOf(join(ROOT, 'package-lock.json'))).every(
    ([path, { version, link, optional, devOptional, peer }]) => !path.includes('node_modules/') || link || optional || devOptional || peer || present[path]?.version === version,
  );
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}
