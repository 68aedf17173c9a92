import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNamedServers } from '@weir/servers';
import { weir } from './command-line';

/** What the tests' sources are protected by, as an operator would tell the services; and that these may reach this machine. */
function sourceSettings(): Record<string, string> {
  const s3 = process.env['WEIR_TEST_S3_SECRET_ACCESS_KEY'] ?? '';
  return { WEIR_EGRESS_ALLOW: '127.0.0.1', WEIR_SECRET_E2E_S3: s3, WEIR_SECRET_E2E_API: 'e2e-api-token', WEIR_SECRET_E2E_POSTGRES: process.env['WEIR_TEST_POSTGRES_PASSWORD'] ?? '' };
}

/**
 * Starts the platform of all end-to-end tests in a temporary home, and names it in WEIR_E2E_HOME, after the servers that package.json names. A platform that is named there already is used as it is; it
 * must have been started with the settings above.
 */
const startPlatform = async (config: unknown, project: { readonly rootDir: string }): Promise<void> => {
  await startNamedServers(config, project);
  if (process.env['WEIR_E2E_HOME']) return;
  const home = mkdtempSync(join(tmpdir(), 'weir-e2e-'));
  const { code, stderr } = await weir(['up', '--detach'], home, sourceSettings());
  if (code !== 0) throw new Error(`The platform did not start (exit code ${code}):\n${stderr}`);
  process.env['WEIR_E2E_HOME'] = home;
  process.env['WEIR_E2E_STARTED'] = home;
};

// jest takes a default export here and nothing else.
// oxlint-disable-next-line import/no-default-export
export default startPlatform;
