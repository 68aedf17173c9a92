import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command';
import { lookForJava } from './java';

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
