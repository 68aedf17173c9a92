import { Kafka, type SASLOptions } from 'kafkajs';
import { quietLog, type ClientLog } from './client-log';
import { registerCodecs } from './codecs';

/** How to reach a Kafka that a user names. Structured, never a URL. */
export interface KafkaConnection {
  /** host:port of some of its brokers; the others are found by them. */
  readonly brokers: readonly string[];
  /** What the brokers' logs call this client. */
  readonly clientId: string;
  readonly sasl?: KafkaLogin | undefined;
  readonly tls: boolean;
}

export interface KafkaLogin {
  readonly mechanism: SaslMechanism;
  readonly user: string;
  /** Revealed at the moment of connecting and nowhere else. */
  readonly password: { reveal(): string };
}

export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

const CONNECT_MS = 5_000;
const LOGIN_MS = 10_000;
/** Of one request; the longest a broker takes by itself is a produce that waits for its replicas. */
const REQUEST_MS = 20_000;
/** About 5 s of tries; whoever has more time asks again. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 6 };

/** A client of one Kafka. It connects when it is first used, and knows every codec. Logs next to nothing: see client-log.ts. */
export function openKafka({ brokers, clientId, sasl, tls }: KafkaConnection, log: ClientLog): Kafka {
  registerCodecs();
  return new Kafka({
    brokers: [...brokers],
    clientId,
    ssl: tls,
    ...(sasl ? { sasl: { mechanism: sasl.mechanism, username: sasl.user, password: sasl.password.reveal() } as SASLOptions } : {}),
    connectionTimeout: CONNECT_MS,
    authenticationTimeout: LOGIN_MS,
    requestTimeout: REQUEST_MS,
    retry: RETRY,
    logCreator: quietLog(log),
  });
}
