import type { Engine } from '@weir/engine';

/** The faults of an orders file, as they were made: what checks must find in it. Rows count lines of the file; copies of a faulty order are faulty too. */
export interface OrdersTruth {
  readonly rows: number;
  /** Different orders. */
  readonly unique: number;
  /** Rows of orders that are there more than once. */
  readonly sharedRows: number;
  readonly nullUpdated: number;
  readonly negativeQuantity: number;
  readonly badEmail: number;
  readonly badStatus: number;
}

/** Shares of faulty orders. */
const FAULTS = { null_updated: 0.003, negative_quantity: 0.002, bad_status: 0.001, bad_email: 0.005 } as const;

/**
 * Writes an orders file as Parquet and says what is wrong with it: 1 % of its rows are copies of others at random places, some orders lack `updated_at`, have a negative quantity,
 * an e-mail address that is none, or a status that nobody knows. The same seed gives the same rows. `file` must be below the engine's staging folder.
 */
export async function writeOrders(engine: Engine, file: string, rows: number, seed: number): Promise<OrdersTruth> {
  const unique = rows - Math.floor(rows / 100);
  await engine.run(`create or replace temp table faults as select i, ${Object.entries(FAULTS).map(([name, share], n) => `${random(seed, `i`, n + 1)} < ${share} as ${name}`).join(', ')} from range(${unique}) as t(i)`);
  await engine.run(`create or replace temp table picked as
    select i from (
      select i, i::DOUBLE as place from range(${unique}) as t(i)
      union all select floor(${random(seed, 'c', 11)} * ${unique})::BIGINT, ${random(seed, 'c', 12)} * ${unique} from range(${rows - unique}) as t(c))
    order by place`);
  await engine.run(`copy (${ordersSql(seed, unique)}) to '${file.replaceAll("'", "''")}' (format parquet, compression zstd)`);
  const [truth] = await engine.rows<OrdersTruth>(`
    select count(*)::INTEGER as rows, ${unique} as "unique", count(*) filter (where null_updated)::INTEGER as "nullUpdated", count(*) filter (where negative_quantity)::INTEGER as "negativeQuantity",
      count(*) filter (where bad_email)::INTEGER as "badEmail", count(*) filter (where bad_status)::INTEGER as "badStatus",
      (select coalesce(sum(n), 0)::INTEGER from (select count(*) as n from picked group by i having n > 1)) as "sharedRows"
    from picked join faults using (i)`);
  if (!truth) throw new Error('The engine said nothing about the orders.');
  return truth;
}

/** A number in [0, 1) that follows from the seed, a column and the number of the draw. */
function random(seed: number, column: string, draw: number): string {
  return `(hash(${column} * 64 + ${draw} + ${seed} * 1000003::BIGINT) >> 11) / 9007199254740992.0`;
}

const COUNTRIES = 'US GB DE FR IT ES NL BE SE NO DK FI PL CZ AT CH PT IE GR HU RO BG HR SI'.split(' ');
const CURRENCIES = 'USD GBP EUR EUR EUR EUR EUR EUR SEK NOK DKK EUR PLN CZK EUR CHF EUR EUR EUR HUF RON BGN EUR EUR'.split(' ');
const STATUSES = [['created', 0.1], ['paid', 0.3], ['shipped', 0.5], ['delivered', 0.9], ['cancelled', 0.96], ['refunded', 0.99], ['on_hold', 1]] as const;

function ordersSql(seed: number, unique: number): string {
  const draw = (n: number): string => random(seed, 'i', n);
  const list = (texts: readonly string[]): string => `[${texts.map((text) => `'${text}'`).join(', ')}]`;
  const status = `case ${STATUSES.map(([name, below]) => `when ${draw(25)} < ${below} then '${name}'`).join(' ')} end`;
  const drawn = `select i, 1 + floor(pow(${draw(20)}, 2) * 24)::BIGINT as land, 1 + floor(${draw(21)} * ${Math.max(1_000, Math.floor(unique / 8))})::BIGINT as customer_id,
      timestamp '2026-01-01' + to_seconds(floor(i * 7776000.0 / ${unique})::BIGINT) as created_at, null_updated, negative_quantity, bad_status, bad_email
    from picked join faults using (i)`;
  return `select 'ORD-' || lpad((i + 1)::VARCHAR, 10, '0') as order_id, customer_id,
      case when bad_email then 'user' || customer_id || '_at_nowhere' else 'user' || customer_id || '@' || ${list(['example.com', 'mail.example.org', 'shop.example.net', 'corp.example.co.uk'])}[1 + customer_id % 4] end as email,
      'SKU-' || lpad((1 + floor(${draw(22)} * 5000)::BIGINT)::VARCHAR, 5, '0') as sku,
      (1 + floor(${draw(23)} * 10)::BIGINT) * case when negative_quantity then -1 else 1 end as quantity,
      round(greatest(0.5, least(5000, exp(3.2 + 0.9 * sqrt(-2 * ln(1 - ${draw(24)})) * cos(2 * pi() * ${draw(26)})))), 2)::DOUBLE as unit_price,
      ${list(CURRENCIES)}[land] as currency, case when bad_status then 'lost_in_space' else ${status} end as status, ${list(COUNTRIES)}[land] as country, created_at,
      case when not null_updated then created_at + to_seconds(floor(${draw(27)} * 21600)::BIGINT) end as updated_at
    from (${drawn})`;
}
