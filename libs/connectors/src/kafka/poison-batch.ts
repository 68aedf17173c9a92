import type { BatchFault } from './batch-fault';

/** What stands for a record that could not be read. */
export interface Poison {
  readonly reason: BatchFault;
  /** On the first record of a batch: the batch as the log has it, header and compressed records, at most its first 1 MiB. */
  readonly bytes: Buffer | undefined;
}

/** Longest part of an unreadable batch that is kept for quarantine. */
const KEPT_BYTES = 1024 * 1024;

// A property that no record on the wire can have: a header of that name could be sent by anybody.
const POISON = Symbol('weir.poison');

/** Why a fetched message is only a substitute, with null key and value; undefined for a real one. */
export function poisonOf(message: object): Poison | undefined {
  return (message as { [POISON]?: Poison })[POISON];
}

/** Marks the messages that stand for the records of one unreadable batch. */
export function markPoison(messages: readonly object[], reason: BatchFault, batch: Buffer): void {
  const rest: Poison = { reason, bytes: undefined };
  // A copy: the batch is a part of a fetch response that should not be kept whole.
  const first: Poison = { reason, bytes: Buffer.from(batch.subarray(0, KEPT_BYTES)) };
  messages.forEach((message, index) => Object.assign(message, { [POISON]: index === 0 ? first : rest }));
}
