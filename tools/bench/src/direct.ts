import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** What the direct script works on. */
export interface DirectJob {
  /** Folder of daily retail files. */
  readonly folder: string;
  /** Empty folder for files under way. */
  readonly scratch: string;
  readonly postgres: { readonly host: string; readonly port: number; readonly database: string; readonly user: string; readonly password: string };
  /** Schema that gets the four tables; dropped first. */
  readonly schema: string;
  readonly threads: number;
}

/** What came of it. */
export interface DirectOutcome {
  readonly read: number;
  readonly quarantined: number;
  readonly duplicate: number;
  readonly admitted: number;
  /** Sum of all totals, as the engine writes it. */
  readonly total: string;
  readonly milliseconds: number;
}

const DECODED = `
  select InvoiceNo as invoice_no, StockCode as stock_code, Description as description, try_cast(try_cast(Quantity as decimal(18, 1)) as bigint) as quantity,
    try_cast(InvoiceDate as timestamp) as invoice_date, try_cast(UnitPrice as decimal(12, 3)) as unit_price, try_cast(try_cast(CustomerID as decimal(18, 1)) as bigint) as customer_id,
    Country as country, filename as file
  from read_csv($files, all_varchar = true, header = true, filename = true, quote = '"', escape = '"')`;
const ADMISSIBLE = `unit_price >= 0 and (quantity > 0 or invoice_no like 'C%') and invoice_date is not null and invoice_no is not null and stock_code is not null and country is not null`;

const TABLES: Record<string, { columns: string; sql: string }> = {
  lines: {
    columns: 'line_id text, invoice_no text, stock_code text, description text, quantity bigint, invoice_date timestamp, unit_price numeric(12, 3), customer_id bigint, country text, total numeric(18, 3), is_cancellation boolean, day date, primary key (line_id)',
    sql: 'select * from lines',
  },
  revenue_by_day_country: {
    columns: 'day date, country text, orders bigint, units bigint, revenue numeric(18, 3), cancelled_revenue numeric(18, 3), primary key (day, country)',
    sql: `select day, country, count(distinct invoice_no) filter (where not is_cancellation), coalesce(sum(quantity) filter (where not is_cancellation), 0),
      coalesce(sum(total) filter (where not is_cancellation), 0), coalesce(sum(total) filter (where is_cancellation), 0) from lines group by all`,
  },
  top_products_by_day: {
    columns: 'day date, rank bigint, stock_code text, units bigint, revenue numeric(18, 3), primary key (day, rank)',
    sql: `select day, row_number() over (partition by day order by revenue desc, stock_code) as rank, stock_code, units, revenue
      from (select day, stock_code, sum(quantity) as units, sum(total) as revenue from lines where not is_cancellation group by all) qualify rank <= 10`,
  },
  customer_features: {
    columns: 'customer_id bigint, first_order_at timestamp, last_order_at timestamp, frequency bigint, monetary numeric(18, 3), primary key (customer_id)',
    sql: `select customer_id, min(invoice_date), max(invoice_date), count(distinct invoice_no) filter (where not is_cancellation), sum(total) from lines where customer_id is not null group by all`,
  },
};

/** The retail job as one would write it in an afternoon: files → engine → COPY; no history, no accounts per line, nothing survives a crash. */
export async function direct(job: DirectJob): Promise<DirectOutcome> {
  const started = performance.now();
  const instance = await DuckDBInstance.create(':memory:', { threads: String(job.threads) });
  const engine = await instance.connect();
  const counts = await prepare(engine, job.folder);
  const client = new Client(job.postgres);
  await client.connect();
  try {
    await client.query(`drop schema if exists ${job.schema} cascade; create schema ${job.schema}; begin`);
    for (const [name, table] of Object.entries(TABLES)) await copy(engine, client, job, name, table);
    await client.query('commit');
  } finally {
    await client.end();
  }
  engine.closeSync();
  return { ...counts, milliseconds: performance.now() - started };
}

async function prepare(engine: DuckDBConnection, folder: string): Promise<Omit<DirectOutcome, 'milliseconds'>> {
  await engine.run(`create table decoded as ${DECODED.replace('$files', `'${folder.replaceAll("'", "''")}/*.csv'`)}`);
  await engine.run(`create table admitted as select distinct * from decoded where ${ADMISSIBLE}`);
  await engine.run(`create table lines as select md5(concat_ws('|', invoice_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country, file)) as line_id, * exclude (file),
    cast(quantity * unit_price as decimal(18, 3)) as total, invoice_no like 'C%' as is_cancellation, cast(invoice_date as date) as day from admitted`);
  const reader = await engine.runAndReadAll(`select (select count(*) from decoded), (select count(*) from decoded where not coalesce(${ADMISSIBLE}, false)), (select count(*) from lines), (select cast(sum(total) as varchar) from lines)`);
  const [read, quarantined, admitted, total] = reader.getRows()[0] ?? [];
  const duplicate = Number(read) - Number(quarantined) - Number(admitted);
  return { read: Number(read), quarantined: Number(quarantined), duplicate, admitted: Number(admitted), total: String(total) };
}

async function copy(engine: DuckDBConnection, client: Client, job: DirectJob, name: string, table: { columns: string; sql: string }): Promise<void> {
  const file = join(job.scratch, `${name}.csv`);
  await engine.run(`copy (${table.sql}) to '${file.replaceAll("'", "''")}' (format csv, header false, nullstr '\\N')`);
  await client.query(`create table ${job.schema}.${name} (${table.columns})`);
  await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), client.query(copyFrom(`copy ${job.schema}.${name} from stdin (format csv, null '\\N')`)));
  await rm(file);
}
