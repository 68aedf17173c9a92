import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Platform } from './platform';
import { openStorage } from './storage';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'weir-storage-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const start = (env: Readonly<Record<string, string>>): Promise<Platform> => Platform.start({ home, env: { ...env, PATH: process.env['PATH'] }, report: ({ step }) => { throw new Error(`${step} began.`); } });

// What is set, the variable that is told, and a part of the message or fix.
test.each([
  ['a bucket that cannot be', { WEIR_LAKE: 's3://B_ad/x' }, 'INVALID_VALUE', 'WEIR_LAKE', 's3://B_ad/x'],
  ['another store', { WEIR_LAKE: 'gs://lake/x' }, 'INVALID_VALUE', 'WEIR_LAKE', 'gs://lake/x'],
  ['a port that is none', { WEIR_LAKE: 's3://lake/x', WEIR_LAKE_S3_PORT: '0' }, 'INVALID_VALUE', 'WEIR_LAKE_S3_PORT', '`0`'],
  ['a login without its secret', { WEIR_LAKE: 's3://lake/x', WEIR_LAKE_S3_ACCESS_KEY_ID: 'AKIA' }, 'MISSING_KEY', 'WEIR_LAKE_S3_SECRET_ACCESS_KEY', 'not set'],
  ['threads without end', { WEIR_ENGINE_THREADS: 'all' }, 'INVALID_VALUE', 'WEIR_ENGINE_THREADS', '`all`'],
  ['an address that is none', { WEIR_EGRESS_ALLOW: '10.0.0.0/8,db.shop' }, 'INVALID_VALUE', 'WEIR_EGRESS_ALLOW', '`db.shop`'],
])('%s: a platform does not begin to start, and names the variable', async (_what, env, code, place, told) => {
  await expect(start(env)).rejects.toMatchObject({ code, place, message: expect.stringContaining(told), fix: expect.stringMatching(/./) });
  expect(existsSync(join(home, 'supervisor.lock'))).toBe(false);
});

test.each(['WEIR_LAKE', 'WEIR_EXPORTS'])('%s below a file cannot be a folder', async (variable) => {
  writeFileSync(join(home, 'file'), '');
  await expect(start({ [variable]: join(home, 'file/below') })).rejects.toMatchObject({ code: 'INVALID_VALUE', place: variable, message: expect.stringMatching(/file\/below.*ENOTDIR/) });
});

test('folders are in the home, or where they are said to be, and are there; one that is set to nothing is not set', () => {
  expect(openStorage(home, { WEIR_LAKE: '' })).toEqual({ lake: join(home, 'lake'), exports: join(home, 'exports') });
  const elsewhere = { WEIR_LAKE: join(home, 'a/lake'), WEIR_EXPORTS: join(home, 'b') };
  expect(openStorage(home, elsewhere)).toEqual({ lake: elsewhere.WEIR_LAKE, exports: elsewhere.WEIR_EXPORTS });
  expect(['lake', 'exports', 'a/lake', 'b'].filter((name) => !existsSync(join(home, name)))).toEqual([]);
});

test('a bucket with all that it needs is taken as it is said, and the port of this environment is nobody\'s', () => {
  expect(openStorage(home, { WEIR_LAKE: 's3://lake/weir/prod', WEIR_PORT: 'many' })).toMatchObject({ lake: 's3://lake/weir/prod' });
  expect(existsSync(join(home, 'lake'))).toBe(false);
});
