import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mavenFetch, type MavenFetch } from './maven';

const folder = mkdtempSync(join(tmpdir(), 'weir-maven-'));
const path = process.env['PATH'];
const target = join(folder, 'cache/kafka-4.3.0');
const said: string[] = [];
const options: MavenFetch = { title: 'Kafka 4.3.0', place: 'kafka', version: '4.3.0', target, args: (output) => ['dependency:copy-dependencies', `-DoutputDirectory=${output}`], say: (text) => said.push(text), signal: new AbortController().signal };

/** A Maven that writes down its arguments and then does what `script` says, with the output folder as $out. */
const maven = (script: string): void => {
  const file = join(folder, 'mvn');
  writeFileSync(file, `#!/bin/sh\necho "$@" > ${folder}/arguments\nfor argument; do case $argument in -DoutputDirectory=*) out=\${argument#*=};; esac; done\n${script}\n`);
  chmodSync(file, 0o755);
  process.env['PATH'] = `${folder}:${path}`;
};

afterEach(() => (process.env['PATH'] = path));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('without Maven the error says what to install', async () => {
  process.env['PATH'] = join(folder, 'nothing');
  await expect(mavenFetch(options)).rejects.toMatchObject({ code: 'SERVER_FAILED', place: 'kafka', fix: expect.stringMatching(/Install Maven.*or Docker/) });
});

test('a fetch that fails halfway gives the end of what Maven said and leaves nothing in the cache', async () => {
  maven('mkdir -p $out; touch $out/half.jar; echo "[ERROR] Could not transfer artifact"; exit 1');
  await expect(mavenFetch(options)).rejects.toMatchObject({ code: 'SERVER_FAILED', samples: ['[ERROR] Could not transfer artifact'], fix: expect.stringContaining('settings.xml') });
  expect(readdirSync(join(folder, 'cache'))).toEqual([]);
});

test('a fetch fills the target with the version asked for, from the pom of that server, and says that it takes time', async () => {
  maven('mkdir -p $out; touch $out/kafka.jar');
  await mavenFetch(options);
  expect(readdirSync(target)).toEqual(['kafka.jar']);
  expect(readdirSync(join(folder, 'cache'))).toEqual(['kafka-4.3.0']);
  const args = readFileSync(join(folder, 'arguments'), 'utf8');
  expect(args).toContain('-Dweir.version=4.3.0');
  const pom = /--file (\S+)/.exec(args)?.[1] ?? '';
  expect({ there: existsSync(pom), name: pom.endsWith('tools/servers/kafka/pom.xml') }).toEqual({ there: true, name: true });
  expect(said[0]).toMatch(/^fetching Kafka 4.3.0 with Maven, once/);
});

test('a folder that another fetch put there meanwhile stays, for a server may run from it', async () => {
  maven('mkdir -p $out; touch $out/other.jar');
  await mavenFetch(options);
  expect(readdirSync(target)).toEqual(['kafka.jar']);
});
