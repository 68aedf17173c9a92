import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOk } from '../health';
import type { ProcessSpec } from '../supervised';

/** A tiny HTTP service in a process of its own, to be started, killed and stopped. `body` replaces what it does. */
export function fixtureSpec(folder: string, port: number, body = `require('node:http').createServer((_, answer) => answer.end(String(process.pid))).listen(${port}, '127.0.0.1')`): ProcessSpec {
  const program = join(folder, 'fixture.cjs');
  writeFileSync(program, body);
  return { name: 'fixture', command: process.execPath, args: [program], env: process.env, logFile: join(folder, 'logs/fixture.log'), healthy: () => isOk(`http://127.0.0.1:${port}/`) };
}
