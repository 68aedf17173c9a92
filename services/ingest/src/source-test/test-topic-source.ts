import { orAborted, WeirError, type KafkaSource } from '@weir/core';
import type { SourceFinding } from '@weir/rpc';
import { right } from './finding';
import type { TestedSource } from './tested-source';

/** Partitions that are told of one by one. */
const SHOWN = 5;

/** What the topic has; its records are not looked at. */
export async function testTopicSource({ connection, topic }: KafkaSource, { topicLog, interval, signal }: TestedSource): Promise<SourceFinding[]> {
  const log = topicLog(connection, topic);
  const aborted = (): WeirError => new WeirError({ code: 'CANCELLED', message: `Looking at ${topic} was cancelled.` });
  try {
    const bounds = [...(await orAborted(log.bounds(), signal, aborted))].sort(([one], [other]) => one - other);
    const all = sum(bounds.map(([, { start, end }]) => end - start));
    const shown = bounds.slice(0, SHOWN).map(([partition, { start, end }]) => `${partition}: ${start} to ${end}`);
    const told = `${topic} has ${bounds.length} ${bounds.length === 1 ? 'partition' : 'partitions'} and ${all.toLocaleString('en-US')} offsets (${shown.join(', ')}${bounds.length > SHOWN ? ', …' : ''})`;
    const found = [right('connection', `Kafka answers for ${topic}.`, { place: connection })];
    if (!interval) return [...found, right('data', `${told}.`, { place: topic })];
    const timeOf = (instant: string): ReadonlyMap<number, number> => new Map(bounds.map(([partition]) => [partition, Date.parse(instant)]));
    const [from, to] = await orAborted(Promise.all([log.firstFrom(timeOf(interval.start)), log.firstFrom(timeOf(interval.end))]), signal, aborted);
    const within = sum(bounds.map(([partition, { end }]) => Math.max(0, (to.get(partition)?.offset ?? end) - (from.get(partition)?.offset ?? end))));
    return [...found, right('data', `${told}; between the first ones of the interval and what comes after it are ${within.toLocaleString('en-US')}.`, { place: topic })];
  } finally {
    await log.close();
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
