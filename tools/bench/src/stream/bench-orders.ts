import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The records of the stream bench: orders of about 200 bytes, one in ten a newer version of an earlier one. */
export interface BenchOrder {
  readonly key: string;
  readonly value: Buffer;
}

const COUNTRIES = ['US', 'DE', 'FR', 'GB'];

/** The n-th record; `now` in microseconds since 1970 is its event time, and its sequence. */
export function benchOrder(n: number, now: number): BenchOrder {
  const order = n % 10 === 9 ? Math.floor(mixed(n) * n) : n;
  const random = mixed(order + 1);
  const key = `ORD-${String(order).padStart(10, '0')}`;
  const value = {
    order_id: key,
    customer_id: Math.floor(random * 100_000),
    sku: `SKU-${String(Math.floor(random * 5_000)).padStart(5, '0')}`,
    quantity: 1 + (n % 9),
    unit_price: Math.round(random * 10_000) / 100,
    status: 'paid',
    country: COUNTRIES[n % COUNTRIES.length],
    event_us: now,
  };
  return { key, value: Buffer.from(JSON.stringify(value)) };
}

/** From 0 to 1, the same for the same number: a round of splitmix32. */
function mixed(n: number): number {
  let x = (n + 0x9e3779b9) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
}

/** Columns of the table that both sides fill, in order, with their types in Postgres. */
export const ORDER_COLUMNS = { order_id: 'text', customer_id: 'bigint', sku: 'text', quantity: 'bigint', unit_price: 'numeric(12,2)', status: 'text', country: 'text', event_us: 'bigint' } as const;

/** Writes the definition of a pipeline that brings a topic of orders into `<name>.orders`: typed columns, five rules, the newest version of a key. */
export function writeOrdersPipeline(folder: string, name: string, topic: string): void {
  mkdirSync(join(folder, 'models/silver'), { recursive: true });
  const files = {
    'pipeline.yaml': `name: ${name}
mode: realtime
source: { dataset: order_events, type: kafka, topic: ${topic} }
models:
  orders: { key: [order_id] }
destinations:
  - { connection: warehouse, schema: ${name} }
`,
    'contract.odcs.yaml': CONTRACT.replace('$name', name),
    'models/silver/orders.sql': `select ${Object.keys(ORDER_COLUMNS).join(', ')} from bronze.order_events\n`,
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
}

const RULES: Readonly<Record<string, string>> = {
  quantity_positive: 'quantity > 0',
  price_not_negative: 'unit_price >= 0',
  status_known: "status in ('paid', 'shipped', 'cancelled')",
  country_code: 'length(country) = 2',
  sku_form: "sku like 'SKU-%'",
};

const CONTRACT = `apiVersion: v3.1.0
kind: DataContract
id: $name
version: 1.0.0
status: active
schema:
  - name: order_events
    customProperties:
      - { property: weirSequence, value: event_us }
    properties:
      - { name: order_id, logicalType: string, primaryKey: true }
      - { name: customer_id, logicalType: integer, required: true }
      - { name: sku, logicalType: string, required: true }
      - { name: quantity, logicalType: integer, required: true }
      - { name: unit_price, logicalType: number, physicalType: "decimal(12,2)", required: true }
      - { name: status, logicalType: string, required: true }
      - { name: country, logicalType: string, required: true }
      - { name: event_us, logicalType: integer, required: true }
    quality:
${Object.entries(RULES)
  .map(([name, row]) => `      - { name: ${name}, type: custom, engine: weir, implementation: { row: "${row}" }, severity: error }`)
  .join('\n')}
`;
