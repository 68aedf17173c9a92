// Bundles one project: src/main.ts → dist/main.js (CommonJS for Node 20, @weir/* inside, npm packages outside).
// As a script it bundles the projects of the folders named, or of the working directory: the npm script `build`.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { digestSources } from './sources.mjs';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const PLATFORM_TELEMETRY = join(ROOT, 'libs/platform/src/telemetry.ts');

/**
 * Bundles the project in `directory` unless its sources are those of the last bundle (by content, so a restored or cloned
 * dist counts too). A project without src/main.ts has nothing to bundle. Returns whether it bundled.
 */
export async function bundle(directory) {
  if (!existsSync(join(directory, 'src/main.ts'))) return false;
  const digest = digestSources(ROOT, directory);
  const stamp = join(directory, 'dist/sources.sha256');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return false;
  mkdirSync(join(directory, 'dist'), { recursive: true });
  await Promise.all([bundleMain(directory), bundleWorkflows(directory)]);
  place(stamp, digest);
  return true;
}

/** Loaded when there is something to bundle: every command of the command line comes by here. */
const esbuild = () => import('esbuild');

async function bundleMain(directory) {
  const { build } = await esbuild();
  const { outputFiles } = await build({
    absWorkingDir: directory,
    entryPoints: ['src/main.ts'],
    outfile: 'dist/main.js',
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: true,
    logLevel: 'silent',
    plugins: [telemetryFirst, packagesOutside],
  });
  const code = outputFiles.find((file) => file.path.endsWith('main.js')).text;
  if (existsSync(join(directory, 'src/telemetry.ts'))) requireTelemetryFirst(code);
  for (const file of outputFiles) place(file.path, file.contents);
}

/**
 * A service's telemetry.ts gets the telemetry of @weir/platform alone. Through the index it would load pg with it, before the
 * instrumentation that patches pg has started.
 */
const telemetryFirst = {
  name: 'telemetry-first',
  setup(plugin) {
    plugin.onResolve({ filter: /^@weir\/platform$/ }, ({ importer }) => (importer.endsWith(join('src', 'telemetry.ts')) && existsSync(PLATFORM_TELEMETRY) ? { path: PLATFORM_TELEMETRY } : undefined));
  },
};

/** npm packages stay outside, save those that `require` cannot load: they are bundled, with what they import themselves. */
const packagesOutside = {
  name: 'packages-outside',
  setup(plugin) {
    plugin.onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
      if (kind === 'entry-point' || path.startsWith('@weir/') || path.startsWith('node:')) return undefined;
      if (importer.includes(`${sep}node_modules${sep}`)) return undefined;
      return requirable(path, importer) ? { path, external: true } : undefined;
    });
  },
};

function requirable(specifier, importer) {
  try {
    const file = createRequire(importer).resolve(specifier);
    return !file.endsWith('.mjs') && !(file.endsWith('.js') && insideModulePackage(dirname(file)));
  } catch (error) {
    // No `require` condition among its exports: ESM only. What is not installed at all, esbuild reports by name.
    if (error.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return false;
    throw error;
  }
}

function insideModulePackage(directory) {
  const file = join(directory, 'package.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')).type === 'module';
  return insideModulePackage(dirname(directory));
}

/** What telemetry patches as it is loaded; loaded before telemetry starts, its calls would stay untraced. */
const TRACED = /require\("(?:pg|pg-copy-streams|@grpc\/[a-z-]+|@temporalio\/(?:client|worker))"\)/;

function requireTelemetryFirst(code) {
  const telemetry = code.indexOf('\n// src/telemetry.ts');
  const early = TRACED.exec(code);
  if (telemetry !== -1 && telemetry < (early?.index ?? code.length)) return;
  throw new Error(`src/main.ts must import ./telemetry first${early ? `; the bundle loads ${early[0]} before it` : ''}`);
}

/** The orchestrator's workflows, pre-bundled for the worker: it takes 2 s, too long for every start. */
async function bundleWorkflows(directory) {
  const workflowsPath = join(directory, 'src/workflows/index.ts');
  if (!existsSync(workflowsPath)) return;
  const { bundleWorkflowCode } = createRequire(join(directory, 'package.json'))('@temporalio/worker');
  const { code } = await bundleWorkflowCode({ workflowsPath, workflowInterceptorModules: await interceptorModules(directory) });
  place(join(directory, 'dist/workflows.js'), code);
}

/**
 * The modules that src/workflow-interceptors.ts exports as `workflowInterceptorModules`: names of packages' modules, resolved
 * from the project, or paths relative to src/. The worker that runs the bundle must use the plugins they belong to.
 */
async function interceptorModules(directory) {
  const entry = join(directory, 'src/workflow-interceptors.ts');
  if (!existsSync(entry)) return [];
  const { build } = await esbuild();
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, platform: 'node', format: 'cjs', packages: 'external' });
  const exported = { exports: {} };
  new Function('module', 'exports', 'require', outputFiles[0].text)(exported, exported.exports, createRequire(entry));
  return exported.exports.workflowInterceptorModules.map((name) => createRequire(entry).resolve(name));
}

/** Whole or not at all: another process may be running or bundling the same file. */
function place(file, content) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content);
  renameSync(draft, file);
}

async function report(folder) {
  try {
    process.stdout.write((await bundle(folder)) ? `bundled ${basename(folder)}\n` : `${basename(folder)} has nothing new to bundle\n`);
  } catch (error) {
    // The message is for people; the stack would only show this file.
    process.stderr.write(`${basename(folder)} does not build: ${error.message}\n`);
    process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folders = process.argv.length > 2 ? process.argv.slice(2) : [process.cwd()];
  await Promise.all(folders.map(report));
}
