import { testPostgres, type PostgresFacts } from '@weir/connectors';
import { isReadInSequence, type PostgresSource } from '@weir/core';
import type { SourceFinding } from '@weir/rpc';
import { connectionOf } from '../source-connections';
import { columnFindings } from './column-findings';
import { right, wrong } from './finding';
import { namedColumns } from './seen-columns';
import type { TestedSource } from './tested-source';

/** What the server says of the table, without reading it. */
export async function testTableSource(source: PostgresSource, { definition, dataset, egress, secretOf, signal }: TestedSource): Promise<SourceFinding[]> {
  const { password, ...settings } = connectionOf(definition, source.connection, 'postgres');
  const connection = { ...settings, password: password && secretOf(password.secret) };
  const facts = await testPostgres({ table: source.table, cursor: timeCursor(source) }, connection, { signal, address: (host, port) => egress.address(host, port) });
  const rows = facts.estimatedRows === undefined ? 'the server has no count of its rows' : `about ${facts.estimatedRows.toLocaleString('en-US')} rows`;
  return [
    right('connection', `Postgres ${facts.version} at ${settings.host} answers.`, { place: source.connection }),
    right('data', `${source.table} is there and can be read: ${rows}.`, { place: source.table }),
    ...cursorFindings(source, facts),
    ...columnFindings(dataset, namedColumns(facts.columns.map(({ name }) => name), source.table)),
  ];
}

/** Of a source that is read in sequence the cursor is a column of ids. */
function timeCursor(source: PostgresSource): string | undefined {
  return isReadInSequence(source) ? undefined : source.cursor;
}

/** Without an index a run is slow, not wrong. */
function cursorFindings({ table, cursor: name }: PostgresSource, { cursor, columns }: PostgresFacts): SourceFinding[] {
  if (cursor) return [right('cursor', `${name} is ${cursor.type}, and ${cursor.indexed ? 'an index begins with it' : 'no index begins with it'}.`, { place: table, fix: cursor.advice ?? '' })];
  if (name === undefined) return [];
  if (columns.some((column) => column.name === name)) return [right('cursor', `${name} is a column of the table.`, { place: table })];
  return [wrong('cursor', { code: 'SOURCE_REFUSED', told: `${table} has no column ${name}.`, fix: 'Let `source.cursor` be a column of ids that only grow.', place: table })];
}
