import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives each test of a file a folder and a home in it, where no platform runs. The folder is known from beforeEach on. */
export function useOwnHome(): () => string {
  let root = '';
  let home: string | undefined;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'weir-cli-'));
    home = process.env['WEIR_HOME'];
    process.env['WEIR_HOME'] = join(root, 'home');
  });
  afterEach(() => {
    if (home === undefined) delete process.env['WEIR_HOME'];
    else process.env['WEIR_HOME'] = home;
    rmSync(root, { recursive: true });
  });
  return () => root;
}
