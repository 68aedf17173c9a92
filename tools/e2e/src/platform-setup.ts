import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { weir } from './command-line';

/** Starts the platform of all end-to-end tests in a temporary home, and names it in WEIR_E2E_HOME. One that is named there already is used as it is. */
const startPlatform = async (): Promise<void> => {
  if (process.env['WEIR_E2E_HOME']) return;
  const home = mkdtempSync(join(tmpdir(), 'weir-e2e-'));
  const { code, stderr } = await weir(['up', '--detach'], home);
  if (code !== 0) throw new Error(`The platform did not start (exit code ${code}):\n${stderr}`);
  process.env['WEIR_E2E_HOME'] = home;
  process.env['WEIR_E2E_STARTED'] = home;
};

// jest takes a default export here and nothing else.
// oxlint-disable-next-line import/no-default-export
export default startPlatform;
