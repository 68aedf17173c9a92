import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './home';
import { startTestServers, TEST_SERVERS, type TestServers } from './test-servers';

const TARGETS = ['lint', 'typecheck', 'build', 'test'];

interface JestResults {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  /** Files that did not even load; their tests are in no other number. */
  readonly numRuntimeErrorTestSuites: number;
}

/**
 * Runs everything against one set of real servers: lint, types, builds and all tests, two projects at a time. The last line is
 * `N passed, N failed`, alone. Returns the exit code: 0 only if something was tested and nothing failed.
 */
export async function runTests(): Promise<0 | 1> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  const started = performance.now();
  const say = (text: string): void => void process.stdout.write(`  ${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${text}\n`);
  say('starting the servers that tests use');
  const servers = await startTestServers(TEST_SERVERS, (server, text) => say(`${server.padEnd(9)} ${text}`), interrupted.signal);
  const code = await runTargets(servers, say, interrupted.signal);
  const { passed, failed } = sum();
  say(code === 0 ? 'all targets right' : `nx ended with ${code}: the targets that failed stand above`);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return code === 0 && failed === 0 && passed > 0 ? 0 : 1;
}

async function runTargets(servers: TestServers, say: (text: string) => void, signal: AbortSignal): Promise<number> {
  try {
    // Results of an earlier run must not be summed with this one's.
    for (const file of resultFiles()) rmSync(file);
    say(TARGETS.join(', '));
    return await runNx(servers.variables, signal);
  } finally {
    await servers.stop();
  }
}

function runNx(variables: Readonly<Record<string, string>>, signal: AbortSignal): Promise<number> {
  const args = [join(ROOT, 'node_modules/nx/dist/bin/nx.js'), 'run-many', '--targets', ...TARGETS, '--parallel', '2', '--outputStyle', 'static'];
  const env = { ...process.env, ...variables, NX_DAEMON: 'false', NX_TUI: 'false', CI: 'true' };
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'], signal, killSignal: 'SIGTERM' });
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

function sum(): { passed: number; failed: number } {
  const results = resultFiles().map((file) => JSON.parse(readFileSync(file, 'utf8')) as JestResults);
  const total = (count: (results: JestResults) => number): number => results.reduce((all, one) => all + count(one), 0);
  return { passed: total((one) => one.numPassedTests), failed: total((one) => one.numFailedTests + one.numRuntimeErrorTestSuites) };
}

/** Every project's results; a project whose tests came from nx's cache has its file restored with them. */
function resultFiles(): string[] {
  return ['libs', 'services', 'tools']
    .flatMap((group) => readdirSync(join(ROOT, group)).map((name) => join(ROOT, group, name, 'test-results.json')))
    .filter((file) => existsSync(file));
}
