import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { odcsPackage } from './odcs-package';

const folder = mkdtempSync(join(tmpdir(), 'weir-odcs-'));
const before = { PATH: process.env['PATH'], XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] };
const said: string[] = [];
const asked = () => odcsPackage('3.2.0', (text) => said.push(text));

/** A Python that does what `script` says, in the folder that it is called in. */
const python = (script: string): void => {
  writeFileSync(join(folder, 'python3'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'python3'), 0o755);
  process.env['PATH'] = `${folder}:${before.PATH}`;
};

beforeEach(() => (process.env['XDG_CACHE_HOME'] = folder));
afterEach(() => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('without Python the error says what to install', async () => {
  process.env['PATH'] = join(folder, 'nothing');
  await expect(asked()).rejects.toMatchObject({ code: 'SERVER_FAILED', place: 'odcs', fix: expect.stringContaining('Python 3 with pip') });
});

test('a fetch that fails gives what pip said, and leaves nothing in the cache', async () => {
  python('echo "ERROR: No matching distribution found"; exit 1');
  await expect(asked()).rejects.toMatchObject({ code: 'SERVER_FAILED', samples: ['ERROR: No matching distribution found'] });
  expect(readdirSync(join(folder, 'weir'))).toEqual([]);
});

test('what was fetched is there whole, and is fetched once', async () => {
  python('echo "$@" >> "$XDG_CACHE_HOME/arguments"; case $2 in tarfile) mkdir -p open_data_contract_standard-3.2.0/src/open_data_contract_standard; touch open_data_contract_standard-3.2.0/src/open_data_contract_standard/schema.json;; esac');
  const { schema } = await asked();
  expect(existsSync(schema)).toBe(true);
  expect(readdirSync(join(folder, 'weir'))).toEqual(['odcs-3.2.0']);
  expect(said.at(-1)).toMatch(/^fetching open-data-contract-standard 3\.2\.0 with pip, once/);
  python('exit 1');
  expect((await asked()).schema).toBe(schema);
});
