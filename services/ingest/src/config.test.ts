import { inspect } from 'node:util';
import { readConfig } from './config';

const LAKE = { WEIR_LAKE: '/lake' };

test('without settings Kafka is the one that comes with the platform', () => {
  expect(readConfig(LAKE).kafka).toEqual({ kafka: { brokers: ['127.0.0.1:19092'], clientId: 'weir-ingest', sasl: undefined, tls: false } });
});

test('brokers, login and TLS are read, and the password does not print', () => {
  const { kafka } = readConfig({ ...LAKE, WEIR_KAFKA_BROKERS: 'a.example:9092, [::1]:9093', WEIR_KAFKA_USER: 'u', WEIR_KAFKA_PASSWORD: 'open sesame', WEIR_KAFKA_MECHANISM: 'plain', WEIR_KAFKA_TLS: 'on' });
  expect(kafka['kafka']).toMatchObject({ brokers: ['a.example:9092', '[::1]:9093'], tls: true, sasl: { mechanism: 'plain', user: 'u' } });
  expect(kafka['kafka']?.sasl?.password.reveal()).toBe('open sesame');
  expect(inspect(kafka, { depth: 10 }) + JSON.stringify(kafka)).not.toContain('sesame');
});

test.each([
  [{ WEIR_KAFKA_BROKERS: 'kafka://a:9092' }, 'INVALID_VALUE', 'WEIR_KAFKA_BROKERS'],
  [{ WEIR_KAFKA_BROKERS: 'a:9092,' }, 'INVALID_VALUE', 'WEIR_KAFKA_BROKERS'],
  [{ WEIR_KAFKA_USER: 'u', WEIR_KAFKA_PASSWORD: 'p', WEIR_KAFKA_MECHANISM: 'gssapi' }, 'INVALID_VALUE', 'WEIR_KAFKA_MECHANISM'],
  [{ WEIR_KAFKA_USER: 'u' }, 'MISSING_KEY', 'WEIR_KAFKA_PASSWORD'],
])('%j is %s and names %s', (env, code, place) => {
  expect(() => readConfig({ ...LAKE, ...env })).toThrow(expect.objectContaining({ code, place }) as Error);
});
