import { formatError, toWeirError } from '@weir/core';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestServers, TEST_SERVERS, TEST_VARIABLE, type TestServer, type TestServers } from './test-servers';

const holder = globalThis as { weirTestServers?: TestServers | undefined };

/**
 * Jest's globalSetup of every project: starts the servers that the project's package.json names under "weir": {"servers": [...]},
 * unless their WEIR_TEST_… variables are set, as they are under `npm test`. So `nx test load` works alone.
 */
async function setup(_config: unknown, project: { readonly rootDir: string }): Promise<void> {
  const wanted = serversOf(project.rootDir).filter((server) => !process.env[TEST_VARIABLE[server]]);
  if (wanted.length === 0) return;
  const report = (server: TestServer, text: string): void => void process.stderr.write(`  ${server.padEnd(10)} ${text}\n`);
  holder.weirTestServers = await startTestServers(wanted, report, new AbortController().signal).catch((error: unknown) => {
    // Jest shows the message alone, and what to do stands in the fix.
    throw new Error(formatError(toWeirError(error)), { cause: error });
  });
  Object.assign(process.env, holder.weirTestServers.variables);
}

/** Jest's globalTeardown: stops what setup started. */
export async function stopTestServers(): Promise<void> {
  await holder.weirTestServers?.stop();
  holder.weirTestServers = undefined;
}

function serversOf(folder: string): TestServer[] {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return [];
  const { weir } = JSON.parse(readFileSync(file, 'utf8')) as { weir?: { servers?: string[] } };
  return TEST_SERVERS.filter((server) => weir?.servers?.includes(server));
}

// Jest takes the default export of this file and nothing else.
// oxlint-disable-next-line import/no-default-export
export default setup;
