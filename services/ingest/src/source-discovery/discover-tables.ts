import { discoverPostgres } from '@weir/connectors';
import type { PostgresConnectionSettings } from '@weir/core';
import type { DiscoveredDataset, DiscoverSourceResponse } from '@weir/rpc';
import type { Discovery } from './discover-source';

/** Columns of an answer: it stays below a message's size whatever their names. */
const MOST_COLUMNS = 20_000;

/** The tables of a Postgres, or one of them; `orders` is `public.orders`. */
export async function discoverTables({ password, ...settings }: PostgresConnectionSettings, table: string, { egress, secretOf, signal }: Discovery): Promise<DiscoverSourceResponse> {
  const connection = { ...settings, password: password && secretOf(password.secret) };
  const one = table === '' ? undefined : table.includes('.') ? table : `public.${table}`;
  const { tables, more } = await discoverPostgres(connection, { signal, address: (host, port) => egress.address(host, port), table: one });
  const datasets: DiscoveredDataset[] = [];
  let columns = 0;
  for (const found of tables) {
    columns += found.columns.length;
    if (columns > MOST_COLUMNS) break;
    datasets.push({
      name: found.table,
      kind: found.kind,
      columns: found.columns.map(({ name, holds, array, type, required }) => ({ name, type: array ? 'ARRAY' : holds, sourceType: type, required })),
      key: [...found.key],
      rows: found.estimatedRows,
      records: '',
      format: '',
      delimiter: '',
    });
  }
  return { type: 'postgres', datasets, more: more || datasets.length < tables.length };
}
