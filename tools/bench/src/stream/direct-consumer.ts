import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Account } from '@weir/servers';
import { Kafka, logLevel, type EachBatchPayload } from 'kafkajs';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { ORDER_COLUMNS } from './bench-orders';

/** What the plain consumer is to do. */
export interface DirectConsumerJob {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly postgres: Account;
  readonly schema: string;
  /** Records after which it ends. */
  readonly records: number;
}

type Order = Readonly<Record<keyof typeof ORDER_COLUMNS, string | number>>;

/**
 * The same job as somebody would write it by hand: each batch of kafkajs is parsed, copied into a temporary table and upserted, then its offsets are committed.
 * No rules, no quarantine, no order of versions; a crash between the two commits loads a batch twice.
 */
export async function consumeDirectly({ brokers, topic, postgres, schema, records }: DirectConsumerJob): Promise<void> {
  const { host, port, database, user, password } = postgres;
  const client = new Client({ host, port, database, user, password });
  await client.connect();
  const names = Object.keys(ORDER_COLUMNS);
  await client.query(`create schema if not exists ${schema}; create table ${schema}.orders (${Object.entries(ORDER_COLUMNS).map(([name, type]) => `${name} ${type}`).join(', ')}, primary key (order_id));
    create temp table incoming (like ${schema}.orders) on commit delete rows`);
  const changes = names.slice(1).map((name) => `${name} = excluded.${name}`).join(', ');
  const upsert = `insert into ${schema}.orders select * from incoming on conflict (order_id) do update set ${changes}`;
  const consumer = new Kafka({ clientId: 'direct', brokers: [...brokers], logLevel: logLevel.NOTHING }).consumer({ groupId: `direct-${schema}`, maxWaitTimeInMs: 10 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  let done = 0;
  await new Promise<void>((resolve, reject) => {
    const eachBatch = async (payload: EachBatchPayload): Promise<void> => {
      const { batch } = payload;
      const newest = new Map<string | number, Order>();
      for (const { value } of batch.messages) {
        const order = JSON.parse(String(value)) as Order;
        newest.set(order.order_id, order);
      }
      const lines: string[] = [];
      for (const order of newest.values()) lines.push(names.map((name) => field(order[name as keyof Order])).join(','));
      await client.query('begin');
      await pipeline(Readable.from([`${lines.join('\n')}\n`]), client.query(copyFrom(`copy incoming (${names.join(', ')}) from stdin (format csv)`)));
      await client.query(upsert);
      await client.query('commit');
      payload.resolveOffset(batch.lastOffset());
      await payload.commitOffsetsIfNecessary();
      done += batch.messages.length;
      if (done >= records) resolve();
    };
    consumer.run({ autoCommit: true, eachBatch }).catch(reject);
  });
  await consumer.disconnect();
  await client.end();
}

function field(value: string | number): string {
  return typeof value === 'number' ? String(value) : `"${value.replaceAll('"', '""')}"`;
}
