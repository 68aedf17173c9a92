import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command';
import { lookForJava } from './java';
import { fetchKafka, lookForKafka } from './kafka-programs';
import { fetchRegistry, lookForRegistry } from './registry-programs';
import { testHome } from './testing/server-context';
import { OLDEST_JAVA } from './versions';

const folder = mkdtempSync(join(tmpdir(), 'weir-java-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder that looks like a Java of that version: no machine has one so new. */
const fakeJava = (version: string): string => {
  const home = join(folder, `jdk-${version}`);
  mkdirSync(join(home, 'bin'), { recursive: true });
  writeFileSync(join(home, 'bin/java'), '#!/bin/sh\n');
  chmodSync(join(home, 'bin/java'), 0o755);
  writeFileSync(join(home, 'release'), `IMPLEMENTOR="Weir"\nJAVA_VERSION="${version}"\n`);
  return home;
};

test('the newest of JAVA_HOME, PATH and the usual folders is taken, through links', () => {
  const [older, newer] = [fakeJava('901.0.1'), fakeJava('902')];
  mkdirSync(join(folder, 'bin'));
  symlinkSync(join(newer, 'bin/java'), join(folder, 'bin/java'));
  expect(lookForJava(17, { JAVA_HOME: older, PATH: '' })).toEqual({ program: join(older, 'bin/java'), major: 901, version: '901.0.1' });
  expect(lookForJava(17, { JAVA_HOME: older, PATH: join(folder, 'bin') })).toEqual({ program: join(newer, 'bin/java'), major: 902, version: '902' });
});

test('what is too old, or no Java at all, is not taken', () => {
  mkdirSync(join(folder, 'jdk-broken'));
  expect(lookForJava(903, { JAVA_HOME: fakeJava('902'), PATH: join(folder, 'bin') })).toBeUndefined();
  expect(lookForJava(900, { JAVA_HOME: join(folder, 'jdk-broken'), PATH: '' })).toBeUndefined();
});

test('the version is the one that this Java says itself', async () => {
  const java = lookForJava(17);
  if (!java) throw new Error('These tests need a Java.');
  expect((await runCommand(java.program, ['-version'])).output).toContain(`"${java.version}"`);
});

test('a server for which no Java is new enough says which one to install', async () => {
  const { context, dispose } = testHome({ shift: 8_500 });
  for (const server of ['kafka', 'registry', 'registryFallback'] as const) jest.replaceProperty(OLDEST_JAVA, server, 999 as never);
  try {
    expect([lookForKafka(), lookForRegistry(true), lookForRegistry(false)]).toEqual([undefined, undefined, undefined]);
    for (const fetched of [fetchKafka(context), fetchRegistry(context, true), fetchRegistry(context, false)]) {
      await expect(fetched).rejects.toMatchObject({ code: 'SERVER_FAILED', message: expect.stringContaining('Java 999'), fix: expect.stringMatching(/Install Java .* and Maven .*, or Docker/) });
    }
  } finally {
    jest.restoreAllMocks();
    await dispose();
  }
});
