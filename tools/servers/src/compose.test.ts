import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from './home';
import { jaegerConfig } from './jaeger-config';
import { brokerProperties } from './kafka-properties';
import { registrySettings } from './registry';
import { startDev } from './temporal';
import { IMAGES, PORTS } from './versions';

interface Compose {
  readonly services: Readonly<Record<string, { readonly image: string; readonly ports: readonly string[]; readonly command: readonly string[]; readonly environment: Readonly<Record<string, string>> }>>;
}

const infra = join(ROOT, 'infra');
const { services } = parse(readFileSync(join(infra, 'compose.yaml'), 'utf8')) as Compose;

test('compose runs the images that the launcher runs', () => {
  expect(Object.fromEntries(Object.entries(services).map(([name, { image }]) => [name, image]))).toEqual(IMAGES);
});

test('compose publishes the first-choice ports of the launcher, on 127.0.0.1 only', () => {
  const published = Object.values(services).flatMap(({ ports }) => ports);
  const local = (outside: number, inside = outside): string => `127.0.0.1:${outside}:${inside}`;
  expect(published).toEqual([local(PORTS.postgres, 5432), local(PORTS.temporal), local(PORTS.temporalUi), local(PORTS.jaegerOtlp), local(PORTS.jaegerOtlpHttp), local(PORTS.jaegerQuery), local(PORTS.kafka), local(PORTS.registry, 8080)]);
});

test('compose gives Temporal the arguments of the launcher', () => {
  expect(services['temporal']?.command).toEqual(startDev({ ip: '0.0.0.0', port: 7233, ui: 8233, database: '/data/temporal.db', durable: true }));
});

test("compose's Jaeger has the launcher's configuration", () => {
  const config = readFileSync(join(infra, 'jaeger.yaml'), 'utf8');
  expect(config).toBe(jaegerConfig({ host: '0.0.0.0', data: '/data', otlp: PORTS.jaegerOtlp, otlpHttp: PORTS.jaegerOtlpHttp, grpc: PORTS.jaegerGrpc, query: PORTS.jaegerQuery }));
});

test("compose's Kafka has the properties of the launcher's containers", () => {
  const cluster = [{ id: 1, clients: `127.0.0.1:${PORTS.kafka}`, peers: 'kafka:29092', controller: 'kafka:29093' }];
  expect(readFileSync(join(infra, 'kafka/server.properties'), 'utf8')).toBe(brokerProperties({ id: 1, cluster, host: '', data: '/var/lib/kafka/data', durable: true }));
});

test("compose gives the schema registry the launcher's settings", () => {
  const store = { host: 'postgres', port: 5432, database: 'registry', user: 'registry', password: '${WEIR_REGISTRY_PASSWORD:?the password of the role registry}' };
  expect(services['registry']?.environment).toEqual(registrySettings({ host: '0.0.0.0', http: 8080, management: 9000, store }));
});
