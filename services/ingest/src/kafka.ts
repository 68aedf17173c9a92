import { openKafka, TopicLog, type ClientLog, type KafkaConnection } from '@weir/connectors';
import { WeirError } from '@weir/core';
import type { Kafka } from 'kafkajs';

/** The Kafkas of a service by the names of their connections. */
export interface KafkaClients {
  /** Throws UNKNOWN_CONNECTION. */
  kafka(connection: string): Kafka;
  /** A topic as a log; the caller closes it. Throws UNKNOWN_CONNECTION. */
  topicLog(connection: string, topic: string): TopicLog;
}

/** Clients that connect when they are first used: a service that reads files needs no Kafka. */
export function kafkaClients(connections: Readonly<Record<string, KafkaConnection>>, log: ClientLog): KafkaClients {
  const open = new Map(Object.entries(connections).map(([name, connection]) => [name, openKafka(connection, log)]));
  const kafka = (connection: string): Kafka => {
    const found = open.get(connection);
    if (found) return found;
    throw new WeirError({ code: 'UNKNOWN_CONNECTION', message: `There is no Kafka connection \`${connection}\`.`, fix: `Use ${[...open.keys()].join(', ')}.` });
  };
  return { kafka, topicLog: (connection, topic) => new TopicLog(kafka(connection), topic) };
}
