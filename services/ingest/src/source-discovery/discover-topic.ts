import { readLog, type LogBounds, type TopicLog } from '@weir/connectors';
import { WeirError } from '@weir/core';
import type { DiscoverSourceResponse } from '@weir/rpc';
import type { Discovery } from './discover-source';
import { MOST_RECORDS } from './file-dataset';
import { isRecord, jsonIn } from './json-list';
import { columnsByValues, keyByValues } from './value-types';

/** With it begins a value whose schema a registry has. */
const WIRE_FORMAT = 0;

/** The columns of a topic, by the values of its newest records. Throws TOPIC_MISSING, SOURCE_REFUSED for a topic whose newest records are no JSON objects, and what Kafka throws. */
export async function discoverTopic(topic: string, connection: string, { topicLog, signal }: Discovery): Promise<DiscoverSourceResponse> {
  const log = topicLog(connection, topic);
  try {
    const bounds = await log.bounds();
    const values = await newestValues(log, bounds, signal);
    if (values.some((value) => value[0] === WIRE_FORMAT)) throw new WeirError({ code: 'SOURCE_REFUSED', message: `The records of ${topic} are in the wire format of a schema registry.`, place: topic, fix: 'Write the contract by the schema that the registry has, and `format: avro` or `format: json_schema` into the source.' });
    const records = values.map(jsonIn).filter(isRecord);
    if (records.length === 0) throw new WeirError({ code: 'SOURCE_REFUSED', message: `${topic} has no record that says what columns there are${values.length > 0 ? ': the newest ones are no JSON objects' : ''}.`, place: topic, fix: 'Have a record sent, or write the contract by hand.' });
    const columns = columnsByValues(records);
    const rows = [...bounds.values()].reduce((sum, { start, end }) => sum + end - start, 0);
    return { type: 'kafka', datasets: [{ name: topic, kind: 'topic', columns, key: keyByValues(columns, records), rows, records: '', format: '', delimiter: '' }], more: false };
  } finally {
    await log.close();
  }
}

/** Of each partition in turn, until there are enough. Records that could not be read, and those that say that a key is gone, have none. */
async function newestValues(log: TopicLog, bounds: ReadonlyMap<number, LogBounds>, signal: AbortSignal): Promise<Buffer[]> {
  const values: Buffer[] = [];
  const share = Math.ceil(MOST_RECORDS / Math.max(1, bounds.size));
  for (const [partition, { start, end }] of bounds) {
    if (values.length >= MOST_RECORDS) break;
    for await (const { records } of readLog(log, { partition, from: Math.max(start, end - share), to: end }, signal)) {
      for (const batch of records) {
        for (let at = 0; at < batch.length; at += 1) {
          const { value } = batch.record(at);
          if (value) values.push(value);
        }
      }
    }
  }
  return values;
}
