import type { LogEntry } from 'kafkajs';

/** Where what a client says of itself goes. */
export interface ClientLog {
  debug(context: object, message: string): void;
  warn(context: object, message: string): void;
}

/** kafkajs's level of errors; higher numbers are less severe. */
const ERROR = 1;
const REPEAT_MS = 10_000;
/** Texts that are remembered to say each of them only now and then. */
const MOST_TEXTS = 100;

/** Answers that every client gets from time to time and acts on by itself: a group that changes, a coordinator or leader that moves or is loading. */
const HARMLESS = /rebalanc|coordinator|not the leader|leadership election|member|in the middle of|does not host|disconnected while/i;

/**
 * A kafkajs log creator that keeps quiet: whatever ends a call is thrown anyway. Errors that say more than that the cluster is moving are warnings, each at most every 10 s; the rest is for
 * debugging. Of an entry's fields only those pass that name a broker or a fault, never a payload or a login.
 */
export function quietLog(log: ClientLog, now: () => number = () => performance.now()): () => (entry: LogEntry) => void {
  const said = new Map<string, number>();
  return () => (entry) => {
    const { message, error, broker, groupId } = entry.log as LogEntry['log'] & { error?: unknown; broker?: unknown; groupId?: unknown };
    const context = { part: entry.namespace, broker: textOf(broker), error: textOf(error), groupId: textOf(groupId) };
    const text = `${message} ${context.error ?? ''}`;
    if (Number(entry.level) > ERROR || HARMLESS.test(text) || now() - (said.get(text) ?? -REPEAT_MS) < REPEAT_MS) return log.debug(context, message);
    if (said.size >= MOST_TEXTS) said.clear();
    said.set(text, now());
    log.warn(context, `Kafka client: ${message}`);
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
