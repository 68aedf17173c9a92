import type { BatchHeader } from './record-batch';

/** As a broker lists them with what it sends. */
export interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

/**
 * Which record batches of a partition are of aborted transactions; told of every batch in the order of the log. kafkajs's own way begins at most one transaction a record, and takes a record
 * whose key is four zero bytes for the end of one: then it gives records that were never committed.
 */
export class AbortedTransactions {
  /** The one that begins first is last. */
  private readonly coming: { readonly producerId: string; readonly firstOffset: number }[];
  private readonly open = new Set<string>();

  constructor(listed: readonly AbortedTransaction[]) {
    this.coming = listed.map(({ producerId, firstOffset }) => ({ producerId, firstOffset: Number(firstOffset) })).sort((one, other) => other.firstOffset - one.firstOffset);
  }

  hides({ baseOffset, lastOffsetDelta, producerId, inTransaction, isControlBatch }: BatchHeader): boolean {
    const last = Number(baseOffset) + lastOffsetDelta;
    for (let next = this.coming.at(-1); next && next.firstOffset <= last; next = this.coming.at(-1)) {
      this.open.add(next.producerId);
      this.coming.pop();
    }
    return inTransaction && !isControlBatch && this.open.has(String(producerId));
  }

  /** Takes the key of a marker at the end of a transaction: two 16-bit numbers, a version and 0 for one that was aborted. */
  ended({ producerId }: BatchHeader, key: Buffer | null): void {
    if (key && key.length >= 4 && key.readInt16BE(2) === 0) this.open.delete(String(producerId));
  }
}
