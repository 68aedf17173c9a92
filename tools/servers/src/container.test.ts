import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyOf } from './home';
import { planKafka, startKafka } from './kafka';
import { planRegistry, startRegistry } from './registry';
import { planS3, startS3 } from './s3';
import { testHome } from './testing/server-context';

const { context, started, dispose } = testHome({ shift: 8_000, env: { WEIR_SERVERS: 'docker' } });
const path = process.env['PATH'];
const calls = join(context.home, 'calls');

/**
 * A docker that writes down every call with the password it was given. A container of Kafka answers with three brokers on its published port, a
 * registry, whose network is the machine's, with JSON on the port of its settings, an S3 server to everything on its published port.
 */
const DOCKER = `#!${process.execPath}
const args = process.argv.slice(2);
require('node:fs').appendFileSync(${JSON.stringify(calls)}, JSON.stringify({ args, password: process.env.APICURIO_DATASOURCE_PASSWORD ?? process.env.ROOT_SECRET_ACCESS_KEY }) + '\\n');
if (args[0] === 'info') console.log('28.0.0');
if (args[0] === 'network') { console.error('network with that name already exists'); process.exitCode = 1; }
if (args[0] === 'run' && args.some((arg) => arg.startsWith('apache/kafka'))) {
  const port = Number(args.find((arg) => /^127.0.0.1:/.test(arg)).split(':')[1]);
  const broker = Buffer.from([0, 0, 0, 1, 0, 9, ...Buffer.from('127.0.0.1'), 0, 0, port >> 8, port & 255, 255, 255]);
  const body = Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0, 0, 3]), broker, broker, broker, Buffer.alloc(8)]);
  require('node:net').createServer((socket) => socket.on('data', () => socket.end(Buffer.concat([Buffer.from([0, 0, 0, body.length]), body])))).listen(port, '127.0.0.1');
}
if (args[0] === 'run' && args.some((arg) => arg.startsWith('apicurio/'))) {
  require('node:http').createServer((_, answer) => answer.end('{"compatibilityLevel":"BACKWARD"}')).listen(process.env.QUARKUS_HTTP_PORT, process.env.QUARKUS_HTTP_HOST);
}
if (args[0] === 'run' && args.some((arg) => arg.startsWith('versity/'))) {
  require('node:http').createServer((_, answer) => answer.end()).listen(Number(args.find((arg) => /^127.0.0.1:/.test(arg)).split(':')[1]), '127.0.0.1');
}
`;

beforeAll(() => {
  writeFileSync(join(context.home, 'docker'), DOCKER);
  chmodSync(join(context.home, 'docker'), 0o755);
  process.env['PATH'] = `${context.home}:${path}`;
});
beforeEach(() => rmSync(calls, { force: true }));
afterAll(async () => {
  await dispose();
  process.env['PATH'] = path;
});

const runs = (): { args: string[]; password?: string }[] => readFileSync(calls, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { args: string[] }).filter(({ args }) => args[0] === 'run');
const values = (args: readonly string[], option: string): string[] => args.filter((_, index) => args[index - 1] === option);

test('each broker is a container that clients reach on 127.0.0.1 and the others by its name, with the data of one cluster', async () => {
  const plan = await planKafka(context, 3);
  expect(await startKafka(context, plan)).toEqual({ how: 'docker apache/kafka:4.3.0' });
  await Promise.all(started.splice(0).map((one) => one.stop()));
  const containers = runs().map(({ args }) => args).sort((a, b) => values(a, '--name')[0]?.localeCompare(values(b, '--name')[0] ?? '') ?? 0);
  const key = keyOf(context.home);
  expect(containers.map((args) => values(args, '--name'))).toEqual([[`weir-${key}-kafka-1`], [`weir-${key}-kafka-2`], [`weir-${key}-kafka-3`]]);
  const ports = plan.brokers.map((address) => address.split(':')[1]);
  // The port inside is the one outside, so that a broker can tell its clients one address.
  expect(containers.map((args) => values(args, '--publish'))).toEqual(ports.map((port) => [`127.0.0.1:${port}:${port}`]));
  expect(new Set(containers.flatMap((args) => values(args, '--network')))).toEqual(new Set([`weir-${key}`]));
  expect(new Set(containers.map((args) => values(args, '--env')[0])).size).toBe(1);

  const [, second] = containers.map((args) => values(args, '--volume').find((volume) => volume.endsWith(':/mnt/shared/config:ro'))?.split(':')[0] ?? '');
  const properties = readFileSync(join(second ?? '', 'server.properties'), 'utf8').split('\n');
  expect(properties).toEqual(expect.arrayContaining([
    'node.id=2',
    `listeners=PLAINTEXT://:${ports[1]},PEERS://:29092,CONTROLLER://:29093`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${ports[1]},PEERS://weir-${key}-kafka-2:29092`,
    `controller.quorum.voters=1@weir-${key}-kafka-1:29093,2@weir-${key}-kafka-2:29093,3@weir-${key}-kafka-3:29093`,
    'offsets.topic.replication.factor=3',
    'min.insync.replicas=2',
  ]));
});

test('a registry in a container reaches the Postgres of 127.0.0.1, and its password stands in no argument', async () => {
  const plan = await planRegistry(context);
  const store = { host: '127.0.0.1', port: 55_432, database: 'registry', user: 'registry', password: 'secret' };
  expect(await startRegistry(context, plan, async () => store)).toEqual({ how: 'docker apicurio/apicurio-registry:3.3.3' });
  await Promise.all(started.splice(0).map((one) => one.stop()));
  const [run] = runs();
  expect(values(run?.args ?? [], '--network')).toEqual(process.platform === 'linux' ? ['host'] : []);
  expect(values(run?.args ?? [], '--env')).toEqual(expect.arrayContaining(['APICURIO_DATASOURCE_URL', 'APICURIO_DATASOURCE_PASSWORD', 'QUARKUS_HTTP_PORT']));
  expect({ given: run?.password, told: JSON.stringify(run?.args).includes('secret') }).toEqual({ given: 'secret', told: false });
});

test('an S3 server in a container is reached on 127.0.0.1, and its key stands in no argument', async () => {
  const plan = await planS3(context);
  expect(await startS3(context, plan)).toEqual({ how: 'docker versity/versitygw:v1.8.0' });
  await Promise.all(started.splice(0).map((one) => one.stop()));
  const [run] = runs();
  expect(values(run?.args ?? [], '--publish')).toEqual([`${plan.address}:7070`]);
  expect(values(run?.args ?? [], '--env')).toEqual(['ROOT_ACCESS_KEY_ID', 'ROOT_SECRET_ACCESS_KEY']);
  expect({ given: run?.password, told: JSON.stringify(run?.args).includes(plan.secretAccessKey) }).toEqual({ given: plan.secretAccessKey, told: false });
});
