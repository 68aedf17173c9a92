import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../testing/run-command';
import * as up from './up';

test('weir up with a setting that no service could start with ends at once, as wrong input, with the variable, its value and a fix; nothing was started', async () => {
  const before = process.env;
  const home = mkdtempSync(join(tmpdir(), 'weir-up-'));
  process.env = { ...before, WEIR_HOME: home, WEIR_LAKE: 's3://B_ad/x' };
  try {
    expect(await runCommand([up], ['up'])).toEqual({ code: 2, stdout: '', stderr: 'INVALID_VALUE  WEIR_LAKE\n  WEIR_LAKE is `s3://B_ad/x`.\n  Fix: Write a folder, or s3://bucket/prefix with letters, digits, dots, dashes and underscores.\n' });
    expect(readdirSync(home)).toEqual([]);
  } finally {
    process.env = before;
    rmSync(home, { recursive: true });
  }
});
