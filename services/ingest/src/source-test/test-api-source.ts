import { testApi } from '@weir/connectors';
import { canonicalInstant, formatInterval, grainFrom, isWeirError, partitionsOf, scheduledInterval, type ApiSource, type Interval } from '@weir/core';
import type { SourceFinding } from '@weir/rpc';
import { connectionOf } from '../source-connections';
import { columnFindings } from './column-findings';
import { faulty, right } from './finding';
import { columnsOfText } from './seen-columns';
import type { TestedSource } from './tested-source';

/** What the first page has of the first grain. */
export async function testApiSource(source: ApiSource, { definition, dataset, interval, egress, secretOf, signal }: TestedSource): Promise<SourceFinding[]> {
  const connection = connectionOf(definition, source.connection, 'api');
  const grain = firstGrain(source, definition.grain, interval);
  const { name, records, more, body } = await testApi(source, connection, { signal, address: (host, port) => egress.address(host, port), secretOf, ...(grain && { interval: grain }) });
  const answers = right('connection', `The API at ${connection.host} answers.`, { place: source.connection });
  const of = grain ? ` of ${formatInterval(grain)}` : '';
  const rest = more === undefined ? ', and there may be more pages' : more ? ', and there are more pages' : ', and there is no other page';
  const data = right('data', `The first page${of} has ${records.toLocaleString('en-US')} ${records === 1 ? 'record' : 'records'}${rest}.`, { place: name });
  return [answers, data, ...(records === 0 ? [] : fit(source, dataset, body, name))];
}

/** A request is about one grain at a time. */
function firstGrain(source: ApiSource, grain: string | undefined, interval: Interval | undefined): Interval | undefined {
  if (!source.interval || grain === undefined) return undefined;
  const [start] = partitionsOf(interval ?? scheduledInterval(canonicalInstant(Math.floor(Date.now() / 1000) * 1000), grain, 0), grain);
  return start === undefined ? undefined : grainFrom(start, grain);
}

/** Only the beginning of a large page is looked at. */
function fit({ layout }: ApiSource, dataset: TestedSource['dataset'], body: Buffer, name: string): SourceFinding[] {
  try {
    const seen = columnsOfText({ text: body.subarray(0, 1024 * 1024), whole: body.length <= 1024 * 1024 }, layout, name);
    return seen ? columnFindings(dataset, seen) : [];
  } catch (error) {
    if (isWeirError(error)) return [faulty('columns', error)];
    throw error;
  }
}
