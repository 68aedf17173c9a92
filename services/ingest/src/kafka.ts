import { openKafka, TopicLog, type ClientLog, type KafkaConnection } from '@weir/connectors';
import { WeirError } from '@weir/core';
import type { Kafka } from 'kafkajs';
import { Producers } from './producers';

/** The Kafkas of a service by the names of their connections. */
export interface KafkaClients {
  /** Throws UNKNOWN_CONNECTION. */
  kafka(connection: string): Kafka;
  /** A topic as a log; the caller closes it. Throws UNKNOWN_CONNECTION. */
  topicLog(connection: string, topic: string): TopicLog;
  /** Throws UNKNOWN_CONNECTION. */
  producers(connection: string): Producers;
  /** Ends the producers' connections; logs are their callers' to close. */
  close(): Promise<void>;
}

/** Clients that connect when they are first used: a service that reads files needs no Kafka. */
export function kafkaClients(connections: Readonly<Record<string, KafkaConnection>>, log: ClientLog): KafkaClients {
  const open = new Map(Object.entries(connections).map(([name, connection]) => [name, openKafka(connection, log)]));
  const kafka = (connection: string): Kafka => {
    const found = open.get(connection);
    if (found) return found;
    throw new WeirError({ code: 'UNKNOWN_CONNECTION', message: `There is no Kafka connection \`${connection}\`.`, fix: `Use ${[...open.keys()].join(', ')}.` });
  };
  const producers = new Map<string, Producers>();
  return {
    kafka,
    topicLog: (connection, topic) => new TopicLog(kafka(connection), topic),
    producers: (connection) => {
      const found = producers.get(connection) ?? new Producers(kafka(connection));
      producers.set(connection, found);
      return found;
    },
    close: async () => void (await Promise.all([...producers.values()].map((each) => each.close()))),
  };
}
