import { Connection, openConnection, type BrokerConnection } from './kafkajs-internals';

/** An answer begins with its length. */
const LENGTH_BYTES = 4;

/**
 * Has kafkajs forget what it has of an answer when it connects again. After a connection that was reset in the midst of an answer it would take the first answers of the next one for the rest of that, and every
 * question would wait for its timeout. For the whole process; calling it again changes nothing.
 */
export function connectAfresh(): void {
  Connection.prototype.connect = afresh;
}

function afresh(this: BrokerConnection): Promise<unknown> {
  if (!this.isConnected()) Object.assign(this, { chunks: [], bytesBuffered: 0, bytesNeeded: LENGTH_BYTES });
  return openConnection.call(this);
}
