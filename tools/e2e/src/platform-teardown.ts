import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { removeHome, stopTestServers } from '@weir/servers';
import { ROOT, weir } from './command-line';

/** Stops the platform that platform-setup.ts started and removes its home; its logs are kept in .weir/e2e-logs for whoever looks into a failure. */
const stopPlatform = async (): Promise<void> => {
  await stopTestServers();
  const home = process.env['WEIR_E2E_STARTED'];
  if (!home) return;
  const { code, stderr } = await weir(['down'], home);
  if (existsSync(join(home, 'logs'))) cpSync(join(home, 'logs'), join(ROOT, '.weir/e2e-logs'), { recursive: true });
  if (code !== 0) throw new Error(`The platform in ${home} did not stop (exit code ${code}):\n${stderr}`);
  removeHome(home);
};

// jest takes a default export here and nothing else.
// oxlint-disable-next-line import/no-default-export
export default stopPlatform;
