import { DEFAULTS, orAborted, parseConnections, problemsError, suggest, WeirError, type ConnectionSettings } from '@weir/core';
import type { Lake } from '@weir/lake';
import type { DiscoverSourceRequest, DiscoverSourceResponse } from '@weir/rpc';
import type { ConnectionDependencies } from '../source-connections';
import type { TestedSource } from '../source-test/tested-source';
import { discoverFiles } from './discover-files';
import { discoverObject } from './discover-object';
import { discoverPage } from './discover-page';
import { discoverTables } from './discover-tables';
import { discoverTopic } from './discover-topic';

/** For all questions to a system. */
const TIME_MS = 20_000;

/** What discovering takes. */
export interface DiscoverDependencies extends ConnectionDependencies, Pick<TestedSource, 'engine' | 'topicLog'> {
  readonly lake: Lake;
}

/** The same for one connection. */
export interface Discovery extends DiscoverDependencies {
  readonly signal: AbortSignal;
}

/**
 * What a connection, a topic or files of this machine have to read, within 20 s; nothing is stored. Throws what is wrong with connections.yaml (the first problem, the others as samples), UNKNOWN_CONNECTION, INVALID_VALUE for what the connection cannot be asked for,
 * DEADLINE, CANCELLED, and what connecting and reading throw.
 */
export async function discoverSource(deps: DiscoverDependencies, request: DiscoverSourceRequest, signal: AbortSignal): Promise<DiscoverSourceResponse> {
  const asked = request.file || request.topic || request.connection;
  const late = AbortSignal.timeout(TIME_MS);
  const either = AbortSignal.any([signal, late]);
  const reason = (): WeirError =>
    late.aborted && !signal.aborted
      ? new WeirError({ code: 'DEADLINE', message: `${asked} did not answer all questions within ${TIME_MS / 1000} s.`, place: asked, fix: 'Look at whether the system is slow or far away.' })
      : new WeirError({ code: 'CANCELLED', message: 'Discovering a source was cancelled.' });
  return orAborted(look(request, { ...deps, signal: either }), either, reason).catch((error: unknown) => {
    throw either.aborted ? reason() : error;
  });
}

function connectionNamed({ connections: file, connection }: DiscoverSourceRequest): ConnectionSettings {
  if (!file) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request has no connections.' });
  const { connections, problems } = parseConnections(file);
  if (problems.length > 0) throw problemsError(problems);
  const found = connections.get(connection);
  if (found) return found;
  throw new WeirError({ code: 'UNKNOWN_CONNECTION', message: `There is no connection \`${connection}\`.`, place: file.path, fix: suggest(connection, [...connections.keys()]) });
}

async function look(request: DiscoverSourceRequest, discovery: Discovery): Promise<DiscoverSourceResponse> {
  const { connection, table, path, bucket, key, file, topic } = request;
  const others = [table, path, bucket, key].some((text) => text !== '');
  if ((file !== '' && (others || topic !== '' || connection !== '')) || (topic !== '' && others)) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request asks for files or a topic, and for something else.', fix: 'Ask for one of them.' });
  if (file !== '') return discoverFiles(file, discovery);
  if (topic !== '') return discoverTopic(topic, connection || DEFAULTS.kafkaConnection, discovery);
  return ofConnection(connectionNamed(request), request, discovery);
}

function ofConnection(settings: ConnectionSettings, { connection, table, path, bucket, key }: DiscoverSourceRequest, discovery: Discovery): Promise<DiscoverSourceResponse> {
  const asked = { postgres: [table], api: [path], s3: [bucket, key] };
  const stray = [table, path, bucket, key].find((text) => text !== '' && !asked[settings.type].includes(text));
  if (stray !== undefined) throw new WeirError({ code: 'INVALID_VALUE', message: `\`${stray}\` cannot be asked of ${connection}, which is of type ${settings.type}.`, place: connection, fix: 'Ask for a table of a postgres, for a path of an api, and for bucket and key of an s3.' });
  switch (settings.type) {
    case 'postgres':
      return discoverTables(settings, table, discovery);
    case 'api':
      if (path === '') throw new WeirError({ code: 'INVALID_VALUE', message: `${connection} is an API, which cannot be asked for what it has.`, place: connection, fix: 'Name a path, such as /orders.' });
      return discoverPage({ name: connection, settings, path }, discovery);
    case 's3':
if (bucket === '' || key === '') throw new WeirError({ code: 'INVALID_VALUE', message: `${connection} is a store, whose buckets are not listed.`, place: connection, fix: 'Name the bucket and a key, such as orders/*.csv.' });
      return discoverObject({ settings, bucket, key }, discovery);
  }
}
