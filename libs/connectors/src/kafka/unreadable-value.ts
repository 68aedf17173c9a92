import type { PoisonReason } from '@weir/core';

/** Thrown where a value turns out to be unreadable; never leaves the decoder. */
export class UnreadableValue extends Error {
  constructor(readonly reason: PoisonReason = 'undecodable') {
    super(reason);
  }
}
