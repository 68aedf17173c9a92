import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerContext } from './server';
import type { Supervised } from './supervised';

const folder = mkdtempSync(join(tmpdir(), 'weir-find-'));
const path = process.env['PATH'];
const ways = { name: 'thing', look: async () => undefined, build: async () => 'built' };

beforeEach(() => jest.resetModules());
afterEach(() => (process.env['PATH'] = path));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A docker that answers `info`, writes down every call, and whose containers serve HTTP on the last port they publish. */
const fakeDocker = (): string => {
  const program = join(folder, 'docker');
  const calls = join(folder, 'calls');
  writeFileSync(calls, '');
  writeFileSync(
    program,
    `#!${process.execPath}
const args = process.argv.slice(2);
require('node:fs').appendFileSync(${JSON.stringify(calls)}, JSON.stringify(args) + '\\n');
if (args[0] === 'info') console.log('28.0.0');
if (args[0] === 'run') require('node:http').createServer((_, answer) => answer.end('{}')).listen(args.filter((arg) => /^127.0.0.1:/.test(arg)).at(-1).split(':')[1], '127.0.0.1');
`,
  );
  chmodSync(program, 0o755);
  process.env['PATH'] = `${folder}:${path}`;
  return calls;
};

test('without Docker a server that is not found is built, and docker alone is refused', async () => {
  process.env['PATH'] = folder;
  rmSync(join(folder, 'docker'), { force: true });
  const { findServer } = await import('./find');
  expect(await findServer('any', ways)).toEqual({ kind: 'native', found: 'built' });
  await expect(findServer('docker', ways)).rejects.toMatchObject({ code: 'SERVER_FAILED', place: 'thing' });
});

test('with Docker, what is found comes first, a container second, and native never asks Docker', async () => {
  fakeDocker();
  const { findServer } = await import('./find');
  expect(await findServer('any', { ...ways, look: async () => 'found' })).toEqual({ kind: 'native', found: 'found' });
  expect(await findServer('any', ways)).toEqual({ kind: 'docker' });
  expect(await findServer('docker', { ...ways, look: async () => 'found' })).toEqual({ kind: 'docker' });
  expect(await findServer('native', ways)).toEqual({ kind: 'native', found: 'built' });
});

test('another word in WEIR_SERVERS is INVALID_VALUE', async () => {
  const { preference } = await import('./find');
  expect(() => preference({ WEIR_SERVERS: 'podman' })).toThrow(expect.objectContaining({ code: 'INVALID_VALUE', place: 'WEIR_SERVERS' }));
  expect(preference({})).toBe('any');
});

test('a container publishes on 127.0.0.1 only, is healthy by the same check and is removed at the end', async () => {
  const calls = fakeDocker();
  const { planJaeger, startJaeger } = await import('./jaeger');
  const { PortPool } = await import('./port');
  const supervisedModule = await import('./supervised');
  const started: Supervised[] = [];
  const context: ServerContext = {
    home: join(folder, 'home'),
    env: { WEIR_SERVERS: 'docker' },
    ports: new PortPool({}, 7_000 + (process.pid % 500)),
    durable: true,
    say: () => undefined,
    signal: new AbortController().signal,
    supervise: (spec) => {
      const supervised = new supervisedModule.Supervised(spec);
      started.push(supervised);
      return supervised;
    },
  };
  expect(await startJaeger(context, await planJaeger(context))).toEqual({ how: 'docker jaegertracing/jaeger:2.13.0' });
  await Promise.all(started.map((one) => one.stop()));

  const made = readFileSync(calls, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as string[]);
  expect(made.map(([verb]) => verb)).toEqual(['info', 'rm', 'run', 'rm']);
  const run = made.find(([verb]) => verb === 'run') ?? [];
  const published = run.filter((_, index) => run[index - 1] === '--publish');
  expect(published).toHaveLength(3);
  expect(published.every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
});

test('without Go and Docker, a server that must be built is SERVER_FAILED saying what to install', async () => {
  process.env['PATH'] = folder;
  const { goBuild } = await import('./go-build');
  const build = goBuild({ title: 'Temporal 1.5.1', place: 'temporal', minutes: 3, target: join(folder, 'bin/temporal'), program: 'temporal', args: () => [], say: () => undefined, signal: new AbortController().signal });
  await expect(build).rejects.toMatchObject({ code: 'SERVER_FAILED', place: 'temporal', fix: expect.stringMatching(/Install Docker.*or Go/) });
});

test('a build that fails gives the end of what Go said and leaves nothing in the cache', async () => {
  const go = join(folder, 'go');
  writeFileSync(go, '#!/bin/sh\necho "go: module lookup disabled" >&2\nexit 1\n');
  chmodSync(go, 0o755);
  process.env['PATH'] = `${folder}:${path}`;
  const { goBuild } = await import('./go-build');
  const said: string[] = [];
  const build = goBuild({ title: 'Jaeger', place: 'jaeger', minutes: 5, target: join(folder, 'bin/jaeger'), program: 'jaeger', args: (output) => ['build', output], say: (text) => said.push(text), signal: new AbortController().signal });
  await expect(build).rejects.toMatchObject({ code: 'SERVER_FAILED', samples: ['go: module lookup disabled'] });
  expect(said[0]).toMatch(/^building Jaeger with Go, once, about 5 min/);
  rmSync(go);
});
