import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { quoteLiteral } from '@weir/core';
import type { Account } from '@weir/servers';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { W1Truth } from './orders-data';

/** What the direct script works on. */
export interface DirectOrdersJob {
  /** Absolute path of the CSV file. */
  readonly file: string;
  readonly truth: W1Truth;
  /** Empty folder for its Parquet file and its pipes. */
  readonly scratch: string;
  readonly postgres: Account;
  /** Schema of the two tables; made where it is missing. */
  readonly schema: string;
  readonly threads: number;
}

const TYPES = "{'order_id': 'VARCHAR', 'customer_id': 'BIGINT', 'email': 'VARCHAR', 'sku': 'VARCHAR', 'quantity': 'INTEGER', 'unit_price': 'DOUBLE', 'currency': 'VARCHAR', 'status': 'VARCHAR', 'country': 'VARCHAR', 'created_at': 'TIMESTAMPTZ', 'updated_at': 'TIMESTAMPTZ'}";

const CHECKS = `select count(*) as rows, count(*) filter (order_id is null) as order_id_missing, count(*) filter (customer_id is null) as customer_id_missing, count(*) filter (email is null) as email_missing,
  count(*) filter (updated_at is null) as "nullUpdated", count(*) filter (quantity not between 1 and 1000) as "negativeQuantity", count(*) filter (not regexp_matches(email, '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}$')) as "badEmail",
  count(*) filter (status not in ('created', 'paid', 'shipped', 'delivered', 'cancelled', 'refunded', 'on_hold')) as "badStatus",
  (select coalesce(sum(n), 0) from (select count(*) as n from raw group by order_id having count(*) > 1)) as "sharedRows",
  approx_quantile(unit_price, [0.01, 0.99]) as q, not (q[1] between 1 and 10 and q[2] between 10 and 1000) as strange_prices, max(created_at) < timestamptz '2026-03-30 00:00:00+00' as stale from raw`;

const SILVER = `create table silver as select *, round(quantity * unit_price, 2) as total, cast(created_at as date) as order_date
  from (select * from raw qualify row_number() over (partition by order_id order by updated_at desc nulls last) = 1)`;

const DAILY = 'create table daily as select order_date, country, count(*) as orders, sum(quantity) as quantity, round(sum(total), 2) as revenue from silver group by 1, 2';

const TABLES = {
  orders: {
    columns: 'order_id text, customer_id bigint, email text, sku text, quantity int, unit_price numeric(12,2), currency text, status text, country text, created_at timestamptz, updated_at timestamptz, total numeric(14,2), order_date date',
    key: ['order_id'],
  },
  daily: {
    columns: 'order_date date, country text, orders bigint, quantity bigint, revenue numeric(16,2)',
    key: ['order_date', 'country'],
  },
};

/**
 * The job as w1_duckdb.py of the scripts does it, in Node: the file into the engine, ten checks, the newest row of each order, Parquet, the daily table; both through pipes into
 * staging tables and from there by upserts. No history, no accounts, no quarantine, nothing survives a crash. Throws when a check does not find what is wrong with the file.
 */
export async function directOrders(job: DirectOrdersJob): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: String(job.threads), preserve_insertion_order: 'false' });
  const engine = await instance.connect();
  await engine.run("set TimeZone = 'UTC'");
  await engine.run(`create table raw as select * from read_csv(${quoteLiteral(job.file)}, header = true, auto_detect = false, columns = ${TYPES})`);
  await check(engine, job.truth);
  await engine.run(SILVER);
  await engine.run(`copy silver to ${quoteLiteral(join(job.scratch, 'silver.parquet'))} (format parquet, compression snappy)`);
  await engine.run(DAILY);
  const { host, port, database, user, password } = job.postgres;
  const client = new Client({ host, port, database, user, password });
  await client.connect();
  try {
    await client.query(prepare(job.schema));
    for (const name of ['orders', 'daily'] as const) await copy(engine, client, job, name);
    await client.query(`begin; ${upsert(job.schema, 'orders')}; ${upsert(job.schema, 'daily')}; commit`);
  } finally {
    await client.end();
  }
  engine.closeSync();
}

async function check(engine: DuckDBConnection, { rows, sharedRows, lines }: W1Truth): Promise<void> {
  const [found = {}] = (await engine.runAndReadAll(CHECKS)).getRowObjectsJS();
  const wanted = { rows, sharedRows, ...lines, order_id_missing: 0, customer_id_missing: 0, email_missing: 0, strange_prices: 0, stale: 0 };
  for (const [name, right] of Object.entries(wanted)) {
    const number = Number(found[name]);
    if (number !== right) throw new Error(`The direct script finds ${name} ${number}, not ${right}.`);
  }
}

function prepare(schema: string): string {
  const tables = Object.entries(TABLES).map(
    ([name, { columns, key }]) => `create table if not exists ${schema}.${name} (${columns}, primary key (${key.join(', ')})); drop table if exists ${schema}.stg_${name}; create unlogged table ${schema}.stg_${name} (${columns})`,
  );
  return `create schema if not exists ${schema}; ${tables.join('; ')}`;
}

async function copy(engine: DuckDBConnection, client: Client, { scratch, schema }: DirectOrdersJob, name: keyof typeof TABLES): Promise<void> {
  const pipe = join(scratch, `${name}.pipe`);
  await promisify(execFile)('mkfifo', [pipe]);
  const rows = name === 'orders' ? 'silver' : 'daily';
  await Promise.all([engine.run(`copy ${rows} to ${quoteLiteral(pipe)} (format csv, header false)`), pipeline(createReadStream(pipe, { highWaterMark: 1 << 18 }), client.query(copyFrom(`copy ${schema}.stg_${name} from stdin (format csv)`)))]);
}

function upsert(schema: string, name: keyof typeof TABLES): string {
  const { columns, key } = TABLES[name];
  const names = columns.split(/, /).map((column) => column.split(' ')[0] ?? '');
  const changes = names.filter((column) => !key.includes(column)).map((column) => `${column} = excluded.${column}`);
  return `insert into ${schema}.${name} select ${names.join(', ')} from ${schema}.stg_${name} on conflict (${key.join(', ')}) do update set ${changes.join(', ')}`;
}
