import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COLUMNS, tenRules } from '../checks/orders-contract';

/** What the pipeline and every script make of the orders. */
export const ORDER_COLUMNS = [...Object.keys(COLUMNS), 'total', 'order_date'];
export const DAILY_COLUMNS = ['order_date', 'country', 'orders', 'quantity', 'revenue'];

const ORDERS_SQL = `select ${Object.keys(COLUMNS).join(', ')}, cast(quantity * unit_price as decimal(14, 2)) as total, cast(created_at as date) as order_date
from bronze.lines
`;

const DAILY_SQL = `select order_date, country, count(*) as orders, cast(sum(quantity) as bigint) as quantity, cast(sum(total) as decimal(16, 2)) as revenue
from silver.orders
group by order_date, country
`;

/** Writes the definition of the job into a new folder: ten checks, the newest row of each order, two tables that are upserted: into the schema of the pipeline's name unless another destination is given. */
export function writeOrdersPipeline(folder: string, name: string, file: string, destination: object = { connection: 'warehouse', schema: name }): void {
  for (const zone of ['silver', 'gold']) mkdirSync(join(folder, 'models', zone), { recursive: true });
  const pipeline = { name, source: { dataset: 'lines', type: 'file', path: file }, models: { orders: { key: ['order_id'] }, daily: { key: ['order_date', 'country'] } }, destinations: [destination] };
  const files = { 'pipeline.yaml': asYaml(pipeline), 'contract.odcs.yaml': asYaml(contract(name)), 'models/silver/orders.sql': ORDERS_SQL, 'models/gold/daily.sql': DAILY_SQL };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
}

function contract(id: string): object {
  const properties = Object.entries(COLUMNS).map(([name, logicalType]) => ({ name, logicalType, ...(name === 'order_id' ? { primaryKey: true } : {}), ...(name === 'unit_price' ? { physicalType: 'decimal(12,2)' } : {}) }));
  const lines = { name: 'lines', customProperties: [{ property: 'weirSequence', value: 'updated_at' }], properties, quality: tenRules() };
  return { apiVersion: 'v3.1.0', kind: 'DataContract', id, version: '1.0.0', status: 'active', schema: [lines] };
}

/** JSON is YAML. */
function asYaml(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
