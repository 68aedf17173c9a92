import { WeirError } from '@weir/core';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { lastLines, onPath, runCommand } from './command';
import { cacheHome } from './home';
import { makeInCache } from './make-in-cache';

const PACKAGE = 'open-data-contract-standard';
const TIMEOUT_MS = 120_000;

/** The Open Data Contract Standard as its authors publish it. */
export interface OdcsPackage {
  /** File of the JSON Schema. */
  readonly schema: string;
  /** Folder of example contracts, `*.odcs.yaml`; only v3.2.0 has some. */
  readonly examples: string;
}

/** The package from PyPI in the cache, fetched by pip when it is first asked for: 27 kB. Its source, because wheels have no examples. Throws SERVER_FAILED without Python, or when pip fails. */
export async function odcsPackage(version: '3.1.2' | '3.2.0', say: (text: string) => void): Promise<OdcsPackage> {
  const target = join(cacheHome(), `odcs-${version}`);
  if (!existsSync(target)) await fetchPackage(version, target, say);
  return { schema: join(target, 'src/open_data_contract_standard/schema.json'), examples: join(target, 'tests/fixtures') };
}

async function fetchPackage(version: string, target: string, say: (text: string) => void): Promise<void> {
  const python = onPath('python3') ?? onPath('python');
  const failed = (message: string, output = ''): WeirError => new WeirError({ code: 'SERVER_FAILED', place: 'odcs', message, samples: output ? lastLines(output) : [], fix: 'Install Python 3 with pip, and check the network and the index in its configuration.' });
  if (!python) throw failed(`${PACKAGE} ${version} is not in the cache, and there is no Python to fetch it with.`);
  await makeInCache({ target, prefix: 'odcs', doing: `fetching ${PACKAGE} ${version} with pip, once`, say }, async (draft) => {
    const name = `${PACKAGE.replaceAll('-', '_')}-${version}`;
    const run = async (...args: string[]): Promise<void> => {
      const { code, output } = await runCommand(python, ['-m', ...args], { cwd: draft, timeoutMs: TIMEOUT_MS });
      if (code !== 0) throw failed(`pip could not fetch ${PACKAGE} ${version}.`, output);
    };
    await run('pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--no-binary', PACKAGE, `${PACKAGE}==${version}`);
    await run('tarfile', '-e', `${name}.tar.gz`);
    // Another fetch may have been first.
    if (!existsSync(target)) renameSync(join(draft, name), target);
  });
}
