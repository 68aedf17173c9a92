import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicHome } from '../home';
import { PortPool } from '../port';
import type { ServerContext } from '../server';
import { Supervised } from '../supervised';

/** A home of its own with what starts in it, for the tests of one server. */
export interface TestHome {
  readonly context: ServerContext;
  readonly started: Supervised[];
  /** Stops what was started and removes the home. */
  dispose(): Promise<void>;
}

/** `shift` keeps the ports of one test file clear of the others'. */
export function testHome({ shift, durable = true, env = { WEIR_SERVERS: 'native' } }: { shift: number; durable?: boolean; env?: ServerContext['env'] }): TestHome {
  const home = mkdtempSync(join(tmpdir(), 'weir-home-'));
  const started: Supervised[] = [];
  const supervise: ServerContext['supervise'] = (spec) => {
    const supervised = new Supervised(spec);
    started.push(supervised);
    return supervised;
  };
  const context = { home, env, ports: new PortPool({}, shift + (process.pid % 500)), durable, say: () => undefined, signal: new AbortController().signal, supervise };
  const dispose = async (): Promise<void> => {
    await Promise.all(started.map((one) => one.stop()));
    for (const folder of [home, publicHome(home)]) rmSync(folder, { recursive: true, force: true });
  };
  return { context, started, dispose };
}
