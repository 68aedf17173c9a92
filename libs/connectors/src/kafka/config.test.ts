import { inspect } from 'node:util';
import { logLevel } from 'kafkajs';
import { quietLog } from './client-log';
import { openKafka } from './config';
import { mapKafkaError } from './errors';

const ERRORS = require('kafkajs/src/errors') as Record<string, (new (error: unknown, options?: object) => Error) | undefined>;
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as { createErrorFromCode: (code: number) => Error };

function kafkajsError(name: string, error: unknown, options: object = {}): Error {
  const Named = ERRORS[name];
  if (!Named) throw new Error(`kafkajs has no ${name}.`);
  return new Named(error, options);
}

describe('an error of Kafka', () => {
  test.each([
    [3, 'TOPIC_MISSING'],
    [29, 'TOPIC_MISSING'],
    [30, 'TOPIC_MISSING'],
    [17, 'TOPIC_MISSING'],
    [1, 'POSITION_LOST'],
    [58, 'INVALID_VALUE'],
    [33, 'INVALID_VALUE'],
    [10, 'INVALID_VALUE'],
    [5, 'UNAVAILABLE'],
    [6, 'UNAVAILABLE'],
    [7, 'UNAVAILABLE'],
    [14, 'UNAVAILABLE'],
    [19, 'UNAVAILABLE'],
    [35, 'INTERNAL'],
  ])('of number %i is %s, also when it is wrapped', (number, code) => {
    const error = createErrorFromCode(number);
    const wrapped = kafkajsError('KafkaJSNumberOfRetriesExceeded', error, { retryCount: 3, retryTime: 1 });
    for (const one of [error, wrapped]) expect(mapKafkaError(one, 'clicks:3')).toMatchObject({ code, place: 'clicks:3', message: expect.stringMatching(/^Kafka: /) });
  });

  test.each(['KafkaJSConnectionError', 'KafkaJSConnectionClosedError', 'KafkaJSRequestTimeoutError', 'KafkaJSBrokerNotFound', 'KafkaJSLockTimeout', 'KafkaJSNoBrokerAvailableError'])('of the client, %s, is UNAVAILABLE', (name) => {
    expect(mapKafkaError(kafkajsError(name, 'no'), undefined)).toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('of a login is INVALID_VALUE', () => {
    expect(mapKafkaError(kafkajsError('KafkaJSSASLAuthenticationError', 'no'), undefined)).toMatchObject({ code: 'INVALID_VALUE', fix: expect.stringContaining('password') });
  });
});

describe('what the client says of itself', () => {
  const entry = (level: number, message: string, error?: string) => ({ namespace: 'Connection', level, label: '', log: { timestamp: '', logger: '', message, error, payload: 'secret' } });

  test('is a warning only for errors that are more than a cluster on the move, each once in a while', () => {
    const warned: object[] = [];
    const debugged: object[] = [];
    let now = 0;
    const say = quietLog({ warn: (context, message) => void warned.push({ ...context, message }), debug: (context) => void debugged.push(context) }, () => now)();
    say(entry(logLevel.ERROR, 'Connection error: connect ECONNREFUSED'));
    say(entry(logLevel.ERROR, 'Connection error: connect ECONNREFUSED'));
    say(entry(logLevel.ERROR, 'Response JoinGroup', 'The coordinator is loading and hence can not process requests for this group'));
    say(entry(logLevel.ERROR, 'Response Heartbeat', 'The group is rebalancing, so a rejoin is needed'));
    say(entry(logLevel.INFO, 'Consumer has joined the group'));
    expect(warned).toEqual([{ part: 'Connection', message: 'Kafka client: Connection error: connect ECONNREFUSED', broker: undefined, error: undefined, groupId: undefined }]);
    now = 10_001;
    say(entry(logLevel.ERROR, 'Connection error: connect ECONNREFUSED'));
    expect(warned).toHaveLength(2);
    expect(debugged).toHaveLength(4);
    expect(JSON.stringify([warned, debugged])).not.toContain('secret');
  });
});

test('a client does not show its password', () => {
  const log = { warn: () => undefined, debug: () => undefined };
  const kafka = openKafka({ brokers: ['127.0.0.1:1'], clientId: 'weir', tls: true, sasl: { mechanism: 'scram-sha-256', user: 'u', password: { reveal: () => 'open sesame' } } }, log);
  expect(inspect(kafka, { depth: 10, showHidden: true })).not.toContain('open sesame');
});
