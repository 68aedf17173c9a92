import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A sale as it stands in the source. */
export interface Sale {
  readonly id: number;
  /** Such as 2026-03-01T05:07:00. */
  readonly at: string;
  /** In cents. */
  readonly cents: number;
}

const HOUR_MS = 3_600_000;

/** A pipeline over hourly files of sales, and what an observer expects of it: by hour the sales that were written last. */
export class HourlySales {
  private readonly hours = new Map<string, readonly Sale[]>();
  readonly folder: string;

  constructor(
    scratch: string,
    readonly name: string,
  ) {
    this.folder = join(scratch, name);
    for (const path of ['models/silver', 'models/gold', 'data']) mkdirSync(join(this.folder, path), { recursive: true });
    const write = (path: string, lines: readonly string[]): void => writeFileSync(join(this.folder, path), `${lines.join('\n')}\n`);
    write('pipeline.yaml', [`name: ${name}`, 'grain: 1h', `source: { dataset: sales, type: file, path: "${this.folder}/data/{hour}.csv" }`, 'models:', '  sale: { key: [id] }', 'destinations:', `  - { connection: warehouse, schema: ${name} }`]);
    write('models/silver/sale.sql', ['select id, sold_at, amount, sold_at::date as date from bronze.sales']);
    write('models/gold/sales_by_hour.sql', ["select date_trunc('hour', sold_at)::timestamp as hour, count(*) as sales, sum(amount) as amount from bronze.sales group by 1"]);
    write('contract.odcs.yaml', [
      'apiVersion: v3.1.0', 'kind: DataContract', `id: ${name}`, 'version: 1.0.0', 'status: active', 'schema:', '  - name: sales', '    properties:',
      '      - { name: id, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1 }',
      '      - { name: sold_at, logicalType: timestamp, required: true }',
      '      - { name: amount, logicalType: number, physicalType: "decimal(12,2)", required: true }',
    ]);
  }

  /** Writes the files of some hours from one on, each with so many sales; `version` makes their amounts other ones. */
  write(from: string, hours: number, each: number, version = 0): void {
    for (let n = 0; n < hours; n += 1) {
      const start = Date.parse(from) + n * HOUR_MS;
      const hour = new Date(start).toISOString().slice(0, 13);
      const sales = Array.from({ length: each }, (_, k): Sale => ({ id: (start / HOUR_MS) * 1_000 + k, at: `${hour}:${String(k % 60).padStart(2, '0')}:00`, cents: ((k * 7_919) % 10_000) + version }));
      writeFileSync(join(this.folder, 'data', `${hour}.csv`), `id,sold_at,amount\n${sales.map(({ id, at, cents }) => `${id},${at}Z,${(cents / 100).toFixed(2)}\n`).join('')}`);
      this.hours.set(hour, sales);
    }
  }

  /** All sales of the hours before a time, by their ids. */
  sales(before: string): Sale[] {
    const hours = [...this.hours].filter(([hour]) => hour < before);
    return hours.flatMap(([, sales]) => sales).sort((one, other) => one.id - other.id);
  }
}
